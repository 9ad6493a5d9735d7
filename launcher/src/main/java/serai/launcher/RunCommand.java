// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "run",
        description = {
            "Start the platform if need be, then run a program on it. The platform stays up.",
            "What follows is given to the client's own run command: ./serai run app.py::main --name x"
        })
final class RunCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FILE …", arity = "1..*", description = "As after modal run.")
    private List<String> arguments;

    @Override
    public Integer call() {
        Platform platform;
        try (var progress = Progress.onTerminal()) {
            platform = UpCommand.up(progress, null);
        }
        var line = new ArrayList<>(List.of("run"));
        line.addAll(arguments);
        return ModalCommand.run(platform, line);
    }
}
