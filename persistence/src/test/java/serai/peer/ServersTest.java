// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.peer;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.util.UUID;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Test;
import serai.database.TestDatabase;

class ServersTest {
    private final Jdbi jdbi = TestDatabase.jdbi();
    private final Servers one = server();
    private final Servers other = server();

    private Servers server() {
        var host = UUID.randomUUID();
        return new Servers(jdbi, URI.create("http://" + host + ":1"), URI.create("http://" + host + ":2"));
    }

    @Test
    void givenTwoServers_thenEachKnowsWhereTheOtherIs_andIsTheFirstItself() {
        one.beat();
        other.beat();
        one.beat();
        assertThat(one.all()).startsWith(one.self()).contains(other.self());
        assertThat(other.all()).startsWith(other.self()).contains(one.self());
        assertThat(one.areOthers()).isTrue();
    }

    @Test
    void givenAServerThatLeft_thenItIsNotThere() {
        other.beat();
        other.leave();
        one.beat();
        assertThat(one.all()).doesNotContain(other.self());
    }

    @Test
    void givenAServerThatIsSilent_thenItIsNotThere_whereverTheClockHasGone() {
        for (var passed : new String[] {"1 min", "-1 min"}) {
            other.beat();
            jdbi.useHandle(handle -> handle.execute(
                    "update server set seen_at = seen_at - cast(? as interval) where id = ?",
                    passed,
                    other.self().id()));
            one.beat();
            assertThat(one.all()).as(passed).doesNotContain(other.self());
        }
    }
}
