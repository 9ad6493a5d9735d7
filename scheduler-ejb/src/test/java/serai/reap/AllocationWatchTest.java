// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.reap;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.enterprise.concurrent.ManagedExecutorService;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import serai.call.Inputs;
import serai.container.Container;
import serai.pool.Pool;
import serai.server.TestContainer;
import serai.server.TestServer;

class AllocationWatchTest {
    private final TestServer server = new TestServer();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final AllocationWatch watch = new AllocationWatch(server.cluster, server.departures, managed(threads));
    private Pool pool;
    private TestContainer container;

    @BeforeEach
    void aContainer() {
        watch.begin();
        pool = server.pool(0, Duration.ofSeconds(60));
        server.call(pool, 1);
        server.await("a place", () -> server.reload(pool.id()).size() == 1);
        container = server.container(pool, 0);
    }

    @AfterEach
    void end() {
        watch.end();
        threads.close();
    }

    @Test
    void givenAContainerThatWorks_whenItsAllocationFails_thenItsInputWaitsAgainLongBeforeTheLeaseIsOver() {
        container.ready().claim();

        server.cluster.end(container.allocation().id(), 137);

        server.await("its end", () -> container.row().state() == Container.State.ENDED);
        server.await("its input waits", () -> server.inputs.load(pool.id()).equals(new Inputs.Load(1, 0)));
        assertThat(container.row().exitCode()).isEqualTo(137);
    }

    @Test
    void givenAStartThatFailed_whenTheClusterTellsOfItAgain_thenItIsCountedOnce() {
        container.ready().claim();
        server.call(pool, 2);
        server.await("a second place", () -> server.reload(pool.id()).size() == 3);
        var failed = server.cluster.at(pool.id(), 1).id();

        server.cluster.end(failed, 1);
        server.cluster.tellAgain();
        server.cluster.end(container.allocation().id(), 137); // is heard after the others

        server.await("all was heard", () -> container.row().state() == Container.State.ENDED);
        assertThat(server.reload(pool.id()).failures()).isEqualTo(1);
    }

    private static ManagedExecutorService managed(ExecutorService threads) {
        return (ManagedExecutorService) Proxy.newProxyInstance(
                ManagedExecutorService.class.getClassLoader(),
                new Class<?>[] {ManagedExecutorService.class},
                (proxy, method, arguments) -> method.invoke(threads, arguments));
    }
}
