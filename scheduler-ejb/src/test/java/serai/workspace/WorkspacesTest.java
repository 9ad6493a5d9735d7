// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.workspace;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import serai.server.TestServer;

class WorkspacesTest {
    private final TestServer server = new TestServer();

    @Test
    void givenANewWorkspace_whenTwoAskForItsFirstTokenAtOnce_thenBothGetOne() {
        var other = new AtomicReference<CompletableFuture<Void>>();
        var tenants = new AtomicReference<Tenant>();
        server.together(() -> {
            server.workspaces.issueToken("twice");
            other.set(server.beside(
                    () -> tenants.set(server.workspaces.issueToken("twice").tenant())));
            server.beside(() -> server.awaitWaiting(1, "workspace")).join();
        });
        other.get().join();
        assertThat(server.workspaces.environments(tenants.get()))
                .extracting(Environment::name)
                .containsExactly("main");
    }
}
