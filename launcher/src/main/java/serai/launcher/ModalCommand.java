// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "modal",
        description = "The unmodified client with this platform's address and login: ./serai modal app list")
final class ModalCommand implements Callable<Integer> {
    @Parameters(arity = "0..*", paramLabel = "ARGUMENTS", description = "Given to the client as they are.")
    private List<String> arguments = new ArrayList<>();

    @Override
    public Integer call() {
        return run(Platform.here(), arguments);
    }

    static int run(Platform platform, List<String> arguments) {
        var client = new ClientEnvironment(platform.home(), null);
        if (!client.isPrepared()) {
            throw Failure.because("the client is not installed yet: ./serai up");
        }
        return Foreground.run(client.modal(platform.login()).plus(arguments.toArray(String[]::new)));
    }
}
