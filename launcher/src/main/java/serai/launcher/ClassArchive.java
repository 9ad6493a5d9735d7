// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/**
 * The server's classes as the JVM has parsed and checked them, written when a server that had been ready ends in order: the next
 * start spends a third less processor time. One that no longer fits (another JVM, another server, objects laid out otherwise) is not used and not missed.
 */
record ClassArchive(Path folder, String fitting) {
    static ClassArchive of(Path folder, Path server) throws IOException {
        var key = Runtime.version() + server.toString() + Files.getLastModifiedTime(server) + ServerCommand.MEMORY;
        return new ClassArchive(folder, Integer.toHexString(key.hashCode()));
    }

    /** Uses the one that is there; makes one if there is none. */
    List<String> options() {
        return Files.exists(file())
                ? List.of("-XX:SharedArchiveFile=" + file(), "-Xshare:auto", "-Xlog:cds=off", "-Xlog:aot=off")
                : List.of(
                        "-XX:ArchiveClassesAtExit=" + draft(),
                        "-Xlog:cds=off",
                        "-Xlog:cds+dynamic=off",
                        "-Xlog:aot=off");
    }

    /** @param good whether the server that wrote it had been ready: another one knows few of the classes */
    void keep(boolean good) throws IOException {
        if (!Files.exists(draft())) {
            return;
        }
        if (good) {
            Trees.sync(folder);
            Files.move(draft(), file(), StandardCopyOption.ATOMIC_MOVE);
        } else {
            Files.delete(draft());
        }
    }

    private Path file() {
        return folder.resolve("classes-" + fitting + ".jsa");
    }

    private Path draft() {
        return folder.resolve("classes-" + fitting + ".new");
    }
}
