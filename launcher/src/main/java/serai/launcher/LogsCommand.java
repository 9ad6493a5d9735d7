// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "logs", mixinStandardHelpOptions = true, description = "What the parts wrote.")
final class LogsCommand implements Callable<Integer> {
    private static final Set<String> OTHERS = Set.of("agent", "database", "client");
    private static final Pattern SERVER = Pattern.compile("(server|start)(-\\d+)?");

    @Parameters(
            arity = "0..1",
            paramLabel = "PART",
            description =
                    "server (default), agent, database, client (installing it), start (the server's first words); server-2, start-2 for the second server.")
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
        var file = Platform.here().home().logs().resolve(file(part));
        if (!Files.exists(file)) {
            throw Failure.because("%s has written nothing yet: %s", part, file);
        }
        var line = new ArrayList<>(List.of("tail", "-n", Integer.toString(lines)));
        line.addAll(follow ? List.of("-F", file.toString()) : List.of(file.toString()));
        return Foreground.run(serai.launcher.Command.of(line));
    }

    static String file(String part) {
        var server = SERVER.matcher(part);
        if (server.matches()) {
            var number = Objects.requireNonNullElse(server.group(2), "");
            return PayaraServer.PART + number + (server.group(1).equals("start") ? ".out" : ".log");
        }
        if (!OTHERS.contains(part)) {
            throw Failure.because(
                    "no part is called %s: server, agent, database, client or start; server-2 is the second server",
                    part);
        }
        return part + ".log";
    }
}
