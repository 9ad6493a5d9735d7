// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.peer;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Test;
import serai.database.TestDatabase;

/** Two servers on a real PostgreSQL, whose clock is the one that counts. */
class LeasesTest {
    private final Jdbi jdbi = TestDatabase.jdbi();
    private final Leases one = new Leases(jdbi, server());
    private final Leases other = new Leases(jdbi, server());
    private final String name = "work " + UUID.randomUUID();

    private Servers server() {
        return new Servers(jdbi, URI.create("http://here:1"), URI.create("http://here:2"));
    }

    @Test
    void givenALease_thenNobodyElseHasIt_andWhoHasItKeepsIt() {
        assertThat(one.hold(name)).isTrue();
        assertThat(other.hold(name)).isFalse();
        assertThat(one.hold(name)).isTrue();
        assertThat(one.holds(name)).isTrue();
        assertThat(other.holds(name)).isFalse();
    }

    @Test
    void givenManyNames_thenEachServerGetsThoseThatTheOtherHasNot() {
        var second = name + " 2";
        assertThat(one.hold(name)).isTrue();
        assertThat(other.hold(List.of(name, second))).isEqualTo(Set.of(second));
        assertThat(one.hold(List.of(second, name))).isEqualTo(Set.of(name));
    }

    @Test
    void givenAServerThatStoppedAsking_whenItsTermIsOver_thenAnotherHasIt() {
        one.hold(name);
        passes("6 s");
        assertThat(other.hold(name)).isTrue();
        assertThat(other.hold(name)).isTrue();
    }

    @Test
    void givenAServerThatWorksForLong_whenItLooksInTime_thenItKeepsItsLease_andAfterALapseItDoesNot() {
        var nanos = new AtomicLong(System.nanoTime());
        var worker = new Leases(jdbi, server(), nanos::get);
        worker.hold(name);
        for (int i = 0; i < 3; i++) {
            nanos.addAndGet(Leases.TERM.toNanos() - 500_000_000);
            assertThat(worker.keeps(name)).as("it is lengthened").isTrue();
        }
        assertThat(other.hold(name)).isFalse();
        nanos.addAndGet(Leases.TERM.toNanos() - 500_000_000);
        passes("6 s");
        assertThat(other.hold(name)).isTrue();
        assertThat(worker.keeps(name)).as("another one has it").isFalse();
        passes("6 s");
        assertThat(worker.hold(name)).isTrue();
        nanos.addAndGet(Leases.TERM.toNanos() + 1);
        assertThat(worker.keeps(name)).as("another one may have had it").isFalse();
        assertThat(worker.hold(name)).isTrue();
    }

    @Test
    void givenAServerThatEndsInOrder_thenAnotherHasItAtOnce_andItTakesNoneAnyMore() {
        one.hold(name);
        one.giveBack();
        assertThat(other.hold(name)).isTrue();
        assertThat(one.hold(name + " 2")).isFalse();
    }

    @Test
    void givenAClockThatIsSetBackByAnHour_whenTheHolderIsGone_thenTheLeaseIsNotHeldForThatHour() {
        one.hold(name);
        passes("-1 h");
        assertThat(other.hold(name)).isTrue();
    }

    /** As if the database's clock had gone on, or back. */
    private void passes(String interval) {
        jdbi.useHandle(handle ->
                handle.execute("update lease set until = until - cast(? as interval) where name = ?", interval, name));
    }
}
