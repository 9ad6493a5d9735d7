// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.util.Map;
import java.util.stream.Collectors;

/** Lines for a POSIX shell to evaluate. */
final class Shell {
    private Shell() {}

    static String exports(Map<String, String> environment) {
        return environment.entrySet().stream()
                .map(entry -> "export " + entry.getKey() + "=" + quoted(entry.getValue()))
                .collect(Collectors.joining("\n"));
    }

    static String quoted(String value) {
        return value.matches("[A-Za-z0-9_@%+=:,./-]+") ? value : "'" + value.replace("'", "'\\''") + "'";
    }
}
