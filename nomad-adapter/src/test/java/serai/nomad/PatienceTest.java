// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import serai.problem.Problem;
import serai.problem.ProblemException;

/** The annotations act through the container's proxy only; whatever they throw has to arrive as a problem. */
class PatienceTest {
    private final AtomicInteger requests = new AtomicInteger();
    private volatile int status;
    private volatile String words;
    private HttpServer agent;
    private BeanContainer beans;

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
        beans = new BeanContainer(Map.of(
                "serai.nomad.address", "http://127.0.0.1:" + agent.getAddress().getPort()));
    }

    @AfterEach
    void stop() {
        beans.close();
        agent.stop(0);
    }

    private void answers(int with, String text) {
        status = with;
        words = text;
    }

    private ProblemException resized() {
        return catchThrowableOfType(
                ProblemException.class, () -> beans.cluster().resize(APool.freshId(), 1, "test"));
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
        var refusal = resized();
        assertThat(refusal.problem()).isEqualTo(Problem.CLUSTER_REFUSED);
        assertThat(refusal).hasMessageContaining("6 > 5");
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
}
