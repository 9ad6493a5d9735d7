// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.lang.System.Logger.Level;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Serai on one machine. */
@Command(
        name = "serai",
        mixinStandardHelpOptions = true,
        versionProvider = Serai.Version.class,
        description = "A self-hosted serverless platform that speaks the Modal API.",
        footerHeading = "%nSettings (environment variables):%n",
        footer = { // 80 columns, so that nothing is broken
            "  SERAI_HOME          data and state (default: .serai in the checkout)",
            "  SERAI_DATABASE_URL  another PostgreSQL than the embedded one:",
            "                      postgresql://user:password@host:port/database",
            "  NOMAD_ADDR          a Nomad cluster, with NOMAD_TOKEN, NOMAD_NAMESPACE,",
            "                      NOMAD_REGION, NOMAD_CACERT, NOMAD_CLIENT_CERT and",
            "                      NOMAD_CLIENT_KEY; SERAI_NOMAD_DRIVER, if not raw_exec",
            "  SERAI_HTTP_PORT, SERAI_RPC_PORT, SERAI_WEB_PORT, SERAI_NOMAD_PORT,",
            "  SERAI_DB_PORT, SERAI_ADMIN_PORT",
            "                      ports: REST, gRPC, web functions, the agent, the",
            "                      database, administration; of the second server",
            "                      SERAI_HTTP_PORT_2 and so on",
            "  SERAI_HTTP_HOST, SERAI_RPC_HOST, SERAI_GATEWAY_HOST",
            "                      addresses to listen on (default: 127.0.0.1)",
            "  SERAI_HTTP_URL, SERAI_RPC_URL, SERAI_GATEWAY_URL",
            "                      how others reach these",
            "  JAVA_HOME           the JDK of version 25 or newer to use",
            "  SERAI_PYTHON        the Python of version 3.10 or newer to use",
            "  SERAI_RUNNER_PYTHON, SERAI_RUNNER_PYTHON_VERSION, SERAI_RUNNER_CACHE",
            "                      interpreter, its version and the cache on the nodes",
            "                      (default: those of this machine)",
            "  SERAI_LOCAL_DEVICES, SERAI_LOCAL_PODMAN",
            "                      of the agent: devices to declare; off: no podman",
            "  SERAI_YES=1         agree beforehand to installing what is missing",
            "",
            "The server reads all of docs/configuration.md, serai.schedule.tolerance as",
            "SERAI_SCHEDULE_TOLERANCE. More is in docs/operations.md."
        },
        subcommands = {
            RunCommand.class,
            UpCommand.class,
            DownCommand.class,
            ServeCommand.class,
            StatusCommand.class,
            EnvCommand.class,
            TokenCommand.class,
            ImagesCommand.class,
            ModalCommand.class,
            LogsCommand.class,
            DoctorCommand.class,
            ResetCommand.class,
            TestCommand.class,
        })
final class Serai implements Runnable {
    private static final System.Logger LOG = System.getLogger(Serai.class.getName());

    @Spec
    private CommandSpec spec;

    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"serai " + Versions.SERAI};
        }
    }

    public static void main(String[] arguments) {
        System.exit(commandLine().execute(arguments));
    }

    static CommandLine commandLine() {
        var line = new CommandLine(new Serai());
        for (var name : List.of("modal", "run")) { // what comes after the first word is the client's, options included
            line.getSubcommands().get(name).setStopAtPositional(true).setUnmatchedOptionsArePositionalParams(true);
        }
        return line.setParameterExceptionHandler(Serai::misunderstood)
                .setExecutionExceptionHandler((failure, command, parsed) -> {
                    if (failure instanceof Failure) {
                        System.err.println("serai: " + failure.getMessage());
                    } else {
                        LOG.log(Level.ERROR, "a defect of the launcher", failure);
                    }
                    return 1;
                });
    }

    /** picocli's own words, but for a command that is not there, of which it guesses others that sound like it. */
    private static int misunderstood(CommandLine.ParameterException wrong, String... words) {
        var command = wrong.getCommandLine();
        var commands = command.getSubcommands().keySet();
        if (wrong instanceof CommandLine.UnmatchedArgumentException unmatched
                && !commands.isEmpty()
                && !unmatched.isUnknownOption()) {
            command.getErr()
                    .printf(
                            "serai: %s is no command of %s, which has: %s%n",
                            unmatched.getUnmatched().getFirst(),
                            command.getCommandSpec().qualifiedName(),
                            String.join(", ", commands));
        } else {
            command.getErr().println("serai: " + wrong.getMessage());
            command.usage(command.getErr());
        }
        return CommandLine.ExitCode.USAGE;
    }

    @Override
    public void run() {
        spec.commandLine().usage(System.out);
    }
}
