// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.util.LinkedHashMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "env",
        mixinStandardHelpOptions = true,
        description = "Lines for a shell: eval \"$$(./serai env)\" makes an ordinary modal client and curl work.")
final class EnvCommand implements Runnable {
    @Option(
            names = "--tests",
            description = "Also what the tests of conformance/ ask for, passwords of the platform's parts among it.")
    private boolean tests;

    @Override
    public void run() {
        var platform = Platform.here();
        var environment = new LinkedHashMap<>(platform.login());
        if (tests) {
            environment.putAll(platform.testEnvironment());
        }
        System.out.println(Shell.exports(environment));
    }
}
