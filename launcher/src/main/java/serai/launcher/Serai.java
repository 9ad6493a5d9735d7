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
        footer = {
            "  SERAI_HOME            data and state (default: .serai in the checkout)",
            "  SERAI_DATABASE_URL    another PostgreSQL: postgresql://user:password@host:port/database",
            "  NOMAD_ADDR            a Nomad cluster, with NOMAD_TOKEN, NOMAD_NAMESPACE, NOMAD_CACERT and so on",
            "  SERAI_RPC_PORT, SERAI_HTTP_PORT, SERAI_WEB_PORT, SERAI_NOMAD_PORT, SERAI_DB_PORT, SERAI_ADMIN_PORT",
            "  SERAI_PYTHON          the Python >= 3.10 to use",
            "  SERAI_YES=1           agree beforehand to installing a missing prerequisite"
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
        return line.setExecutionExceptionHandler((failure, command, parsed) -> {
            if (failure instanceof Failure) {
                System.err.println("serai: " + failure.getMessage());
            } else {
                LOG.log(Level.ERROR, "a defect of the launcher", failure);
            }
            return 1;
        });
    }

    @Override
    public void run() {
        spec.commandLine().usage(System.out);
    }
}
