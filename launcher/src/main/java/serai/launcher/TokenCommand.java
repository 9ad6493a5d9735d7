// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "token",
        mixinStandardHelpOptions = true,
        description = "Tokens of workspaces.",
        subcommands = TokenCommand.Create.class)
final class TokenCommand {
    @Command(
            name = "create",
            mixinStandardHelpOptions = true,
            description = "A new token; the workspace is created if it is not there. The secret is shown this once.")
    static final class Create implements Callable<Integer> {
        @Option(names = "--workspace", required = true, paramLabel = "NAME", description = "Whose token it is.")
        private String workspace;

        @Option(names = "--json", description = "For programs.")
        private boolean json;

        @Override
        public Integer call() {
            var login = Platform.here().createToken(workspace);
            if (json) {
                System.out.println(Json.pretty(login));
            } else {
                System.out.printf(
                        "export MODAL_TOKEN_ID=%s%nexport MODAL_TOKEN_SECRET=%s%n",
                        login.tokenId(), login.tokenSecret());
            }
            return 0;
        }
    }
}
