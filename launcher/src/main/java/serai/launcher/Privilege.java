// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * PostgreSQL refuses to run as uid 0. For root it is started in a user namespace without mappings: there its uid is the overflow
 * uid, to the files it still is their owner, and it has lost every capability. So no other account has to exist, and the data may
 * lie below a folder that only root can enter. Where user namespaces are forbidden, it runs as nobody and the data is nobody's.
 */
final class Privilege {
    private static final String NOBODY = "65534";

    private Privilege() {}

    static boolean isRoot() {
        try {
            return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
        } catch (IOException e) {
            return "root".equals(System.getProperty("user.name"));
        }
    }

    /** @return what stands before a command line that must not run as root; gives the folder away if it has to */
    static List<String> dropped(Path folder) {
        if (!isRoot()) {
            return List.of();
        }
        if (namespaces()) {
            return List.of("unshare", "--user", "--");
        }
        var chown = Command.of("chown", "-R", NOBODY + ":" + NOBODY, folder.toString())
                .run(60);
        var drop = List.of("setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--");
        var reach = new java.util.ArrayList<>(drop);
        reach.addAll(List.of("test", "-w", folder.toString()));
        if (!chown.ok() || !Command.of(reach).run(10).ok()) {
            throw Failure.because(
                    "PostgreSQL does not run as root, user namespaces are not allowed here, and nobody cannot reach %s. "
                            + "Set SERAI_HOME to a folder below one that all may enter (such as /var/lib/serai), "
                            + "or use another database by SERAI_DATABASE_URL",
                    folder);
        }
        return drop;
    }

    static boolean namespaces() {
        return Command.of("unshare", "--user", "--", "true").run(10).ok();
    }
}
