// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import serai.peer.Leases;
import serai.pool.PoolId;
import serai.signal.Signals;
import serai.signal.Topic;

class ReconciliationsTest {
    private static final PoolId ONE = new PoolId("po-1");
    private static final PoolId OTHER = new PoolId("po-2");

    private final ArrayDeque<Runnable> submitted = new ArrayDeque<>();
    private final List<PoolId> looks = new ArrayList<>();
    private Runnable during = () -> {};
    private final Set<Topic> told = new HashSet<>();
    private final Reconciliations reconciliations = reconciliations(submitted::add);
    private boolean isOurs = true;

    private Reconciliations reconciliations(Executor executor) {
        var leases = new Leases() {
            @Override
            public boolean hold(String name) {
                return isOurs;
            }

            @Override
            public boolean holds(String name) {
                return isOurs;
            }
        };
        var signals = new Signals();
        signals.onElsewhere((topic, count) -> told.add(topic));
        return new Reconciliations(new CountingScaler(), leases, signals, executor);
    }

    @Test
    void givenManyRequests_whenOneLookIsUnderWay_thenOneMoreFollows() {
        reconciliations.request(ONE);
        during = () -> {
            during = () -> {};
            reconciliations.request(ONE);
            reconciliations.request(ONE);
        };

        submitted.remove().run();

        assertThat(looks).containsExactly(ONE, ONE);
        assertThat(submitted).isEmpty();
    }

    @Test
    void givenALookThatHasNotBegun_whenAskedAgain_thenItIsOneLook() {
        reconciliations.request(ONE);
        reconciliations.request(ONE);

        submitted.remove().run();

        assertThat(looks).containsExactly(ONE);
        assertThat(submitted).isEmpty();
    }

    @Test
    void givenAStuckPool_whenAnotherIsAskedFor_thenItHasItsOwnThread() {
        reconciliations.request(ONE);
        reconciliations.request(OTHER);

        assertThat(submitted).hasSize(2);
    }

    @Test
    void givenALookThatIsOver_whenAskedAgain_thenThereIsAnother() {
        reconciliations.request(ONE);
        submitted.remove().run();
        reconciliations.request(ONE);
        submitted.remove().run();

        assertThat(looks).containsExactly(ONE, ONE);
    }

    @Test
    void givenALookThatHasJustBeen_whenTheServerGoesDownBeforeTheNext_thenThereIsNone() {
        reconciliations.request(ONE);
        submitted.remove().run();
        reconciliations.request(ONE);
        Thread.currentThread().interrupt();

        submitted.remove().run();

        assertThat(Thread.interrupted()).isTrue();
        assertThat(looks).containsExactly(ONE);
    }

    @Test
    void givenAServerThatGoesDown_whenAskedForALook_thenNothingIsLeftBehind() {
        var refusing = reconciliations(work -> {
            throw new RejectedExecutionException("down");
        });

        assertThatThrownBy(() -> refusing.request(ONE)).isInstanceOf(RejectedExecutionException.class);
        assertThatThrownBy(() -> refusing.request(ONE)).isInstanceOf(RejectedExecutionException.class);
    }

    @Test
    void givenAPoolThatAnotherServerLooksAt_whenAskedForALook_thenThatServerIsAsked() {
        isOurs = false;
        reconciliations.request(ONE);
        submitted.remove().run();

        assertThat(looks).isEmpty();
        assertThat(told).containsExactly(Topic.pool(ONE.value()));
    }

    @Test
    void givenAPoolOfAnotherServer_whenAServerAsksWhoeverLooksAtIt_thenWeDoNot() {
        isOurs = false;
        reconciliations.requestIfOwn(ONE);
        assertThat(submitted).isEmpty();

        isOurs = true;
        reconciliations.requestIfOwn(ONE);
        submitted.remove().run();
        assertThat(looks).containsExactly(ONE);
    }

    private final class CountingScaler extends PoolScaler {
        @Override
        public void reconcile(PoolId id, BooleanSupplier isOurs) {
            looks.add(id);
            during.run();
        }
    }
}
