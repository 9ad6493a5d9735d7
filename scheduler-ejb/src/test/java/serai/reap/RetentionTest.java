// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.reap;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import serai.log.LogChunk;
import serai.log.Logs;
import serai.server.TestContainer;
import serai.server.TestServer;

class RetentionTest {
    /** Far from the days of other tests, which share the database. */
    private static final Instant DAY = Instant.parse("2031-05-05T23:30:00Z");

    private final TestServer server = new TestServer();

    @Test
    void givenLogsOfManyDays_whenTheyAreOverTheirTime_thenThoseDaysGo() {
        var pool = server.pool(1, Duration.ofSeconds(60));
        server.await("a place", () -> server.reload(pool.id()).size() == 1);
        var container = server.container(pool, 0);
        write(container, DAY.minus(Duration.ofDays(1)), "before there was a partition");
        server.retention.keep(DAY.minus(Duration.ofDays(1)));
        server.retention.keep(DAY);
        write(container, DAY, "today");
        write(container, DAY.plus(Duration.ofHours(1)), "tomorrow");

        server.retention.keep(DAY.plus(Duration.ofDays(7)));
        assertThat(contents(container)).containsExactly("today", "tomorrow");

        server.retention.keep(DAY.plus(Duration.ofDays(8)));
        assertThat(contents(container)).containsExactly("tomorrow");
    }

    @Test
    void givenACallWithMoreInputsThanABatch_whenItIsOverItsTime_thenAllOfItGoes() {
        var pool = server.pool(0, Duration.ofSeconds(60));
        server.retention.keep(later());
        var call = server.call(pool, 2_500);
        server.inputs.cancel(call, "enough");
        var other = server.call(pool, 1);

        assertThat(server.calls.forget(later(), 1_000)).isEqualTo(1_000);
        assertThat(rows("input", "call_id", call)).isEqualTo(1_500);
        assertThat(rows("function_call", "id", call)).isOne();

        server.retention.keep(later());

        assertThat(rows("input", "call_id", call)).isZero();
        assertThat(rows("output", "call_id", call)).isZero();
        assertThat(rows("function_call", "id", call)).isZero();
        assertThat(rows("input", "call_id", other)).as("it has not ended").isOne();
    }

    @Test
    void givenACallThatStreamedMoreThanABatch_whenItIsOverItsTime_thenAllOfItGoes() {
        var pool = server.pool(0, Duration.ofSeconds(60));
        server.retention.keep(later());
        var call = server.call(pool, 1);
        server.inputs.cancel(call, "enough");
        server.jdbi.useHandle(handle -> handle.execute(
                "insert into data_chunk select ?, 'OUT', ordinal, '' from generate_series(1, 2500) ordinal", call));

        assertThat(server.calls.forget(later(), 1_000)).isEqualTo(1_000);
        assertThat(rows("data_chunk", "call_id", call)).isEqualTo(1_500);

        server.retention.keep(later());
        assertThat(rows("data_chunk", "call_id", call)).isZero();
        assertThat(rows("function_call", "id", call)).isZero();
    }

    /** When all calls of today are over their time. */
    private Instant later() {
        return server.now().plus(Duration.ofDays(8));
    }

    private int rows(String table, String column, String call) {
        return server.jdbi.withHandle(
                handle -> handle.createQuery("select count(*) from %s where %s = :call".formatted(table, column))
                        .bind("call", call)
                        .mapTo(Integer.class)
                        .one());
    }

    private void write(TestContainer container, Instant at, String content) {
        server.logs.append(container.row(), true, List.of(new Logs.Piece(at, 1, content)));
    }

    private List<String> contents(TestContainer container) {
        return server.logs.after(container.row().appId(), 0, Logs.Filter.NONE, 100).stream()
                .map(LogChunk::content)
                .toList();
    }
}
