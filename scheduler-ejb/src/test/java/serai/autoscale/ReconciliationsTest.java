// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;
import serai.pool.PoolId;

class ReconciliationsTest {
    private static final PoolId ONE = new PoolId("po-1");
    private static final PoolId OTHER = new PoolId("po-2");

    private final ArrayDeque<Runnable> submitted = new ArrayDeque<>();
    private final List<PoolId> looks = new ArrayList<>();
    private Runnable during = () -> {};
    private final Reconciliations reconciliations = new Reconciliations(new CountingScaler(), submitted::add);

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
    void givenAServerThatGoesDown_whenAskedForALook_thenNothingIsLeftBehind() {
        var refusing = new Reconciliations(new CountingScaler(), work -> {
            throw new RejectedExecutionException("down");
        });

        assertThatThrownBy(() -> refusing.request(ONE)).isInstanceOf(RejectedExecutionException.class);
        assertThatThrownBy(() -> refusing.request(ONE)).isInstanceOf(RejectedExecutionException.class);
    }

    private final class CountingScaler extends PoolScaler {
        @Override
        public void reconcile(PoolId id) {
            looks.add(id);
            during.run();
        }
    }
}
