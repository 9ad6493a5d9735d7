// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.net.httpserver.HttpServer;
import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.inject.Produces;
import jakarta.enterprise.inject.se.SeContainer;
import jakarta.enterprise.inject.se.SeContainerInitializer;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.microprofile.metrics.MetricRegistry;
import org.eclipse.microprofile.metrics.annotation.RegistryType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import serai.cluster.Cluster;
import serai.config.NomadConfig;
import serai.problem.Problem;
import serai.problem.ProblemException;

/** As a bean: settings from the configuration, retries and breaker at work, problems for whatever they throw. */
class PatienceTest {
    private final AtomicInteger requests = new AtomicInteger();
    private volatile int status = 200;
    private volatile String words = "";
    private HttpServer agent;
    private SeContainer container;
    private Cluster cluster;

    @BeforeEach
    void start() throws IOException {
        agent = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        agent.createContext("/", exchange -> {
            requests.incrementAndGet();
            try (exchange) {
                var bytes = words.getBytes(StandardCharsets.UTF_8);
                exchange.sendResponseHeaders(status, bytes.length);
                exchange.getResponseBody().write(bytes);
            }
        });
        agent.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        agent.start();
        System.setProperty(
                "serai.nomad.address", "http://127.0.0.1:" + agent.getAddress().getPort());
        System.setProperty("MP_Fault_Tolerance_Metrics_Enabled", "false");
        container = SeContainerInitializer.newInstance()
                .addBeanClasses(NoMetrics.class, NomadConfig.class)
                .initialize();
        cluster = container.select(Cluster.class).get();
    }

    @AfterEach
    void stop() {
        container.close();
        agent.stop(0);
        System.clearProperty("serai.nomad.address");
        System.clearProperty("MP_Fault_Tolerance_Metrics_Enabled");
    }

    private void answers(int with, String text) {
        status = with;
        words = text;
    }

    private ProblemException resized() {
        return catchThrowableOfType(ProblemException.class, () -> cluster.resize(APool.freshId(), 1, "test"));
    }

    @Test
    void givenNoLeader_whenResized_thenItIsTriedFourTimes() {
        answers(500, "No cluster leader");
        assertThat(resized().problem()).isEqualTo(Problem.CLUSTER_UNAVAILABLE);
        assertThat(requests).hasValue(4);
    }

    @Test
    void givenARefusal_whenResized_thenItIsNotRepeated() {
        answers(400, "group count was greater than scaling policy maximum: 6 > 5");
        var problem = resized();
        assertThat(problem.problem()).isEqualTo(Problem.CLUSTER_REFUSED);
        assertThat(problem).hasMessageContaining("6 > 5");
        assertThat(requests).hasValue(1);
    }

    @Test
    void givenManyFailures_whenAskedAgain_thenNomadIsLeftAloneForAWhile() {
        answers(500, "No cluster leader");
        for (int i = 0; i < 3; i++) {
            assertThat(resized().problem()).isEqualTo(Problem.CLUSTER_UNAVAILABLE);
        }
        int before = requests.get();
        assertThat(resized().problem()).isEqualTo(Problem.CLUSTER_UNAVAILABLE);
        assertThat(requests).hasValue(before);
    }

    /** What SmallRye wants to have injected, and does not use. */
    @Dependent
    static class NoMetrics {
        @Produces
        @RegistryType(type = MetricRegistry.Type.BASE)
        MetricRegistry registry() {
            return (MetricRegistry) Proxy.newProxyInstance(
                    getClass().getClassLoader(),
                    new Class<?>[] {MetricRegistry.class},
                    (proxy, method, arguments) -> null);
        }
    }
}
