// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import serai.call.Fixture;
import serai.call.Inputs;
import serai.database.TestDatabase;
import serai.id.NewId;
import serai.pool.PoolId;
import serai.signal.Signals;

class ServingTest {
    private final Jdbi jdbi = TestDatabase.jdbi();
    private final Serving serving = new Serving(jdbi, new Signals());
    private final Fixture fixture = new Fixture(jdbi);
    private final String one = NewId.lowerCase("sv");
    private final String other = NewId.lowerCase("sv");
    private PoolId pool;
    private String container;

    @BeforeEach
    void aContainerThatIsReady() {
        pool = fixture.pool();
        container = fixture.container(pool, 0);
        jdbi.useHandle(h -> {
            h.execute("update container set ready_at = now() where id = ?", container);
            for (var server : new String[] {one, other}) {
                h.execute("insert into server (id, http_url, rpc_url) values (?, 'http://a', 'http://b')", server);
            }
        });
    }

    private Door door(String id) {
        return new Door(id, "127.0.0.1", 40_123, "a token");
    }

    @Test
    void givenACodeThatWasEntered_whenSomethingListens_thenItsDoorIsOpen() {
        assertThat(serving.entered(container)).isFalse();
        assertThat(serving.doors(pool)).isEmpty();
        assertThat(serving.told(door(container), true)).isTrue();
        assertThat(serving.doors(pool)).containsExactly(door(container));

        assertThat(serving.told(door(container), false)).isFalse();
        assertThat(serving.doors(pool)).isEmpty();
    }

    @Test
    void givenSomethingThatListensEarly_whenTheCodeIsEntered_thenTheDoorIsOpen() {
        assertThat(serving.told(door(container), true)).isFalse();
        assertThat(serving.doors(pool)).isEmpty();
        assertThat(serving.entered(container)).isTrue();
        assertThat(serving.doors(pool)).hasSize(1);
    }

    @Test
    void givenAContainerThatTwoServersHold_whenBothHaveReleasedIt_thenItIsIdle() {
        serving.told(door(container), true);
        assertThat(serving.hold(container, one)).isTrue();
        assertThat(serving.hold(container, other)).isTrue();
        assertThat(fixture.isIdle(container)).isFalse();

        serving.release(container, one);
        assertThat(fixture.isIdle(container)).isFalse();
        serving.release(container, other);
        assertThat(fixture.isIdle(container)).isTrue();
    }

    @Test
    void givenAContainerThatDrains_thenNobodyHoldsIt() {
        serving.told(door(container), true);
        serving.entered(container);
        fixture.drain(container);
        assertThat(serving.hold(container, one)).isFalse();
        assertThat(serving.doors(pool)).isEmpty();
    }

    @Test
    void givenWhatServersTell_thenTheLoadIsTheirSum() {
        serving.told(door(container), true);
        serving.hold(container, one);
        serving.hold(container, other);
        serving.report(one, pool, 3, Map.of(container, 2));
        serving.report(other, pool, 1, Map.of(container, 5));
        assertThat(serving.load(pool)).isEqualTo(new Inputs.Load(4, 7));

        serving.report(one, pool, 0, Map.of(container, 0));
        assertThat(serving.load(pool)).isEqualTo(new Inputs.Load(1, 5));
    }

    @Test
    void givenTwoServersAtOneContainer_thenTheOneWithTheGreaterIdSeesWhatTheOtherHasThere() {
        serving.told(door(container), true);
        serving.hold(container, one);
        serving.hold(container, other);
        serving.report(one, pool, 0, Map.of(container, 2));
        serving.report(other, pool, 0, Map.of(container, 5));
        boolean isFirst = one.compareTo(other) < 0;
        assertThat(serving.look(pool, one).before()).isEqualTo(isFirst ? Map.of() : Map.of(container, 5));
        assertThat(serving.look(pool, other).before()).isEqualTo(isFirst ? Map.of(container, 2) : Map.of());
    }

    @Test
    void givenAServerThatHasGone_whenItIsForgotten_thenWhatItHeldIsIdle() {
        serving.told(door(container), true);
        serving.hold(container, one);
        serving.report(one, pool, 3, Map.of(container, 2));
        serving.forgetServers();
        assertThat(serving.load(pool)).isEqualTo(new Inputs.Load(3, 2));

        jdbi.useHandle(h -> h.execute("update server set seen_at = now() - interval '1 minute' where id = ?", one));
        serving.forgetServers();
        assertThat(serving.load(pool)).isEqualTo(new Inputs.Load(0, 0));
        assertThat(fixture.isIdle(container)).isTrue();
        assertThat(serving.report(one, pool, 0, Map.of(container, 2))).containsExactly(container);
        assertThat(serving.hold(container, one)).isTrue();
        assertThat(serving.report(one, pool, 0, Map.of(container, 2))).isEmpty();
    }

    @Test
    void givenAPoolOfAnEarlierVersion_thenItIsNotOpen() {
        assertThat(serving.look(pool, one).isOpen()).isTrue();
        jdbi.useHandle(h -> h.execute("update pool set state = 'DRAINING' where id = ?", pool.value()));
        assertThat(serving.look(pool, one).isOpen()).isFalse();
        assertThat(serving.look(new PoolId("po-nobody"), one).isOpen()).isFalse();
    }

    @Test
    void givenAContainerThatAsksForInputs_whenServersAreForgotten_thenItsWorkIsNotTakenForIdleness() {
        jdbi.useHandle(h -> h.execute("update container set idle_since = null where id = ?", container));
        serving.forgetServers();
        assertThat(fixture.isIdle(container)).isFalse();
    }
}
