// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import static org.assertj.core.api.Assertions.assertThat;
import static serai.event.Event.Kind.ADMITTED;
import static serai.event.Event.Kind.ENDED;
import static serai.event.Event.Kind.EXPLAINED;
import static serai.event.Event.Kind.SCALED;
import static serai.event.Event.Kind.START_FAILED;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import serai.event.Event;
import serai.log.Logs;
import serai.pool.Pool;
import serai.server.TestServer;

/** Every decision, refusal and loss leaves its reason with its time. */
class EventsTest {
    private static final Duration WINDOW = Duration.ofSeconds(60);

    private final TestServer server = new TestServer();

    @Test
    void givenAContainerThatIsLostBeforeItIsReady_thenTheListSaysWhatHappenedAndWhy() {
        var pool = server.pool(0, WINDOW);
        server.call(pool, 1);
        server.await("a place", () -> server.reload(pool.id()).size() == 1);
        var container = server.container(pool, 0);
        container.exit(3);

        server.await("the failed start", () -> kinds(pool).contains(START_FAILED));
        assertThat(kinds(pool)).containsSubsequence(SCALED, ADMITTED, ENDED, START_FAILED);
        assertThat(events(pool)).filteredOn(e -> e.kind() == SCALED).first().satisfies(scaled -> {
            assertThat(scaled.reason()).startsWith("from 0 to 1 containers: ");
            assertThat(scaled.containerId()).isNull();
        });
        assertThat(events(pool))
                .filteredOn(e -> e.kind() == ENDED)
                .singleElement()
                .satisfies(ended -> {
                    assertThat(ended.reason()).contains("exit code 3", "before it was ready");
                    assertThat(ended.containerId()).isEqualTo(container.id());
                });
    }

    @Test
    void givenAClusterThatIsAway_thenItIsSaidOnce_andWhoeverWaitsReadsItInTheLogs() {
        server.cluster.goAway();
        var pool = server.pool(0, WINDOW);
        server.call(pool, 1);
        var why = "The cluster does not answer: it is away";
        server.await("the reason", () -> reasons(pool).contains(why));
        server.await("it is told", () -> !lines(pool).isEmpty());
        server.cluster.comeBack();
        server.await("a place", () -> kinds(pool).contains(SCALED));

        assertThat(events(pool))
                .filteredOn(e -> e.kind() == EXPLAINED && e.reason().equals(why))
                .hasSize(1);
        assertThat(lines(pool)).anySatisfy(line -> assertThat(line).contains("'f' waits: " + why));
    }

    private List<String> lines(Pool pool) {
        return server.logs.after(pool.appId(), 0, Logs.Filter.NONE, 100).stream()
                .map(chunk -> chunk.content())
                .toList();
    }

    /** The oldest first. */
    private List<Event> events(Pool pool) {
        return server.events
                .ofFunction(pool.functionId(), Instant.EPOCH, server.now().plusSeconds(60), Long.MAX_VALUE, 100)
                .reversed();
    }

    private List<Event.Kind> kinds(Pool pool) {
        return events(pool).stream().map(Event::kind).toList();
    }

    private List<String> reasons(Pool pool) {
        return events(pool).stream().map(Event::reason).toList();
    }
}
