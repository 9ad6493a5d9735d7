// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import picocli.CommandLine.Command;

@Command(
        name = "env",
        mixinStandardHelpOptions = true,
        description = "Lines for a shell: eval \"$$(./serai env)\" makes an ordinary modal client and curl work.")
final class EnvCommand implements Runnable {
    @Override
    public void run() {
        System.out.println(Shell.exports(Platform.here().login()));
    }
}
