// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;

/** The directories of an allocation: {@code alloc/} is shared by its tasks, the others belong to one. */
public record AllocDir(Path path) {

    public Path shared() {
        return path.resolve("alloc");
    }

    public Path logs() {
        return shared().resolve("logs");
    }

    public Path task(String task) {
        return path.resolve(task);
    }

    Path local(String task) {
        return task(task).resolve("local");
    }

    Path secrets(String task) {
        return task(task).resolve("secrets");
    }

    void create() throws IOException {
        Files.createDirectories(logs());
        Files.createDirectories(shared().resolve("data"));
        Files.createDirectories(shared().resolve("tmp"));
    }

    void create(String task) throws IOException {
        Files.createDirectories(local(task));
        Files.createDirectories(task(task).resolve("tmp"));
        if (!Files.exists(secrets(task))) {
            Files.createDirectory(
                    secrets(task), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
    }

    /** @return null if the path would leave the allocation's directory */
    public Path inside(String relative) {
        String trimmed = relative.replaceFirst("^/+", "");
        Path file = path.resolve(trimmed).normalize();
        return file.startsWith(path) ? file : null;
    }

    static void delete(Path tree) throws IOException {
        if (!Files.exists(tree)) {
            return;
        }
        Files.walkFileTree(tree, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
                if (e instanceof NoSuchFileException) {
                    return FileVisitResult.CONTINUE;
                }
                throw e;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, IOException e) throws IOException {
                Files.deleteIfExists(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
