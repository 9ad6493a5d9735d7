// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "logs", mixinStandardHelpOptions = true, description = "What the parts wrote.")
final class LogsCommand implements Callable<Integer> {
    private static final Map<String, String> FILES = Map.of(
            "server",
            "server.log",
            "agent",
            "agent.log",
            "database",
            "database.log",
            "client",
            "client.log",
            "start",
            "server.out");

    @Parameters(
            arity = "0..1",
            paramLabel = "PART",
            description =
                    "server (default), agent, database, client (installing it), start (the server's first words).")
    private String part = "server";

    @Option(
            names = {"-f", "--follow"},
            description = "Go on with what comes.")
    private boolean follow;

    @Option(
            names = {"-n", "--lines"},
            defaultValue = "100",
            description = "How many lines of the past (default: ${DEFAULT-VALUE}).")
    private int lines;

    @Override
    public Integer call() {
        if (!FILES.containsKey(part)) {
            throw Failure.because("no part is called %s: server, agent, database, client or start", part);
        }
        var file = Platform.here().home().logs().resolve(FILES.get(part));
        if (!Files.exists(file)) {
            throw Failure.because("%s has written nothing yet: %s", part, file);
        }
        var line = new ArrayList<>(List.of("tail", "-n", Integer.toString(lines)));
        line.addAll(follow ? List.of("-F", file.toString()) : List.of(file.toString()));
        return Foreground.run(serai.launcher.Command.of(line));
    }
}
