// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** Writes what a supervisor has to know of its task, for its shell to read. */
final class LaunchScript {
    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
    /** Variables that mean something to a shell, or that it does not let be set. */
    private static final Set<String> THE_SHELLS_OWN = Set.of(
            "BASHOPTS",
            "BASH_ENV",
            "ENV",
            "EUID",
            "IFS",
            "LINENO",
            "OLDPWD",
            "OPTIND",
            "PPID",
            "PS1",
            "PS2",
            "PS4",
            "PWD",
            "SHELLOPTS",
            "UID",
            "env",
            "run",
            "stat");

    private LaunchScript() {}

    /** @param inherited what the supervisor has in its environment already */
    static void write(Path file, TaskProcess.Launch launch, String setsid, Map<String, String> inherited)
            throws IOException {
        Files.deleteIfExists(file);
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(file, text(launch, setsid, inherited));
    }

    static String text(TaskProcess.Launch launch, String setsid, Map<String, String> inherited) {
        StringBuilder script = new StringBuilder();
        script.append("cd ").append(quoted(launch.workDirectory().toString())).append(" || exit 126\n");
        inherited.keySet().stream()
                .filter(name -> !launch.environment().containsKey(name) && settable(name))
                .forEach(name -> script.append("unset ").append(name).append('\n'));
        List<String> words = new ArrayList<>(); // for env(1): assignments, then the command
        launch.environment().forEach((name, value) -> {
            if (!settable(name)) {
                words.add(name + "=" + value);
            } else if (!value.equals(inherited.get(name))) {
                script.append("export ")
                        .append(name)
                        .append('=')
                        .append(quoted(value))
                        .append('\n');
            }
        });
        words.add(setsid);
        words.addAll(launch.command());
        script.append("set --");
        words.forEach(word -> script.append(' ').append(quoted(word)));
        return script.append('\n').toString();
    }

    private static boolean settable(String name) {
        return NAME.matcher(name).matches() && !THE_SHELLS_OWN.contains(name);
    }

    private static String quoted(String text) {
        return "'" + text.replace("'", "'\\''") + "'";
    }
}
