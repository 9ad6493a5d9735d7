// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * Where everything of one installation lives.
 *
 * @param directory SERAI_HOME: data and state
 * @param checkout the source tree, with what the build made of it
 */
record Home(Path directory, Path checkout) {
    static Home of(Settings settings) {
        var checkout = Path.of(System.getProperty("serai.checkout", "."))
                .toAbsolutePath()
                .normalize();
        var directory = settings.text("SERAI_HOME").map(Path::of).orElse(checkout.resolve(".serai"));
        return new Home(directory.toAbsolutePath().normalize(), checkout);
    }

    Home create() {
        try {
            Files.createDirectories(directory);
            Files.createDirectories(logs());
            Files.createDirectories(data());
            Files.createDirectories(cache());
            Files.createDirectories(secrets());
            Files.setPosixFilePermissions(secrets(), PosixFilePermissions.fromString("rwx------"));
            return this;
        } catch (IOException e) {
            throw Failure.from(e, "%s cannot be used as SERAI_HOME: %s", directory, reason(e));
        }
    }

    /** Java's own message of a file that is not as it should be is its name. */
    private static String reason(IOException e) {
        return switch (e) {
            case AccessDeniedException denied -> denied.getFile() + " is not yours to write to";
            case FileAlreadyExistsException there -> there.getFile() + " is there and is no folder";
            case NoSuchFileException lost -> "no folder can be made at " + lost.getFile();
            case FileSystemException other -> other.getFile() + ": " + other.getReason();
            default -> e.getMessage();
        };
    }

    boolean exists() {
        return Files.isDirectory(directory);
    }

    Path runFile() {
        return directory.resolve("run.json");
    }

    Path lockFile() {
        return directory.resolve("lock");
    }

    Path postgres() {
        return directory.resolve("postgres");
    }

    Path nomad() {
        return directory.resolve("nomad");
    }

    Path payara() {
        return directory.resolve("payara");
    }

    Path data() {
        return directory.resolve("data");
    }

    Path cache() {
        return directory.resolve("cache");
    }

    Path logs() {
        return directory.resolve("logs");
    }

    Path venv() {
        return directory.resolve("venv");
    }

    Path secrets() {
        return directory.resolve("secrets");
    }

    Path clientConfig() {
        return directory.resolve("modal.toml");
    }

    Path built(String path) {
        return checkout.resolve(path);
    }

    /** @throws Failure if the build did not make it */
    Path required(String path, String what) {
        var file = built(path);
        if (!Files.exists(file)) {
            throw Failure.because(
                    "%s is not built: %s is missing. Run ./mvnw -q package -DskipTests in %s", what, path, checkout);
        }
        return file;
    }
}
