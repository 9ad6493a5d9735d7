// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "token",
        mixinStandardHelpOptions = true,
        description = {
            "Tokens, by which clients log in to a workspace. The platform has to be up.",
            "./serai token create --workspace research makes one, and the workspace if there is none of that name.",
            "The token of the workspace main, which ./serai up makes, is in ./serai env."
        },
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
