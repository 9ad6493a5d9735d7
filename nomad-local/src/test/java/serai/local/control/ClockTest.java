// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serai.local.doc.Json;
import serai.local.state.Alloc;
import serai.local.state.Table;

/** Somebody sets the machine's clock. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ClockTest {
    private static final Duration DELAY = Duration.ofMillis(1500);

    @TempDir
    Path directory;

    private Scene scene;

    @BeforeEach
    void enter() {
        scene = new Scene(directory);
    }

    @AfterEach
    void leave() {
        scene.close();
    }

    private Alloc only() {
        List<Alloc> live = scene.live("j");
        assertThat(live).hasSize(1);
        return live.getFirst();
    }

    @ParameterizedTest
    @ValueSource(ints = {-24, 24})
    void givenAFailedInstance_whenTheClockIsSet_thenItIsTriedAgainAfterItsDelayAndNotBefore(int hours) {
        scene.register(Scene.job("j", 1, 10, 10, 0, DELAY));
        Alloc first = only();
        scene.report(first, "running");
        long failed = System.nanoTime();
        scene.report(first, "failed");
        scene.clock.step(Duration.ofHours(hours));
        Scene.await(() -> {
            scene.jobs.evaluate("default", "j"); // whatever makes the scheduler look
            return !scene.processes.running.isEmpty();
        });
        assertThat(Duration.ofNanos(System.nanoTime() - failed)).isGreaterThanOrEqualTo(DELAY);
        assertThat(only().id()).isNotEqualTo(first.id());
    }

    @Test
    void givenAClockThatGoesBackADayWhileTheAgentIsAway_whenItIsBack_thenARetryWaitsItsDelayAtMost() {
        scene.register(Scene.job("j", 1, 10, 10, 0, DELAY));
        scene.report(only(), "failed");
        scene.clock.step(Duration.ofDays(-1));
        scene.restart();
        Scene.await(() -> !scene.processes.running.isEmpty());
    }

    @Test
    void givenAStoppedJob_whenTheClockGoesForwardAYear_thenNothingIsForgottenForThat() {
        scene.register(Scene.job("j", 1, 10, 10, 0, DELAY));
        scene.jobs.deregister("default", "j", false);
        scene.letEnd();
        scene.clock.step(Duration.ofDays(365));
        scene.garbage.sweepNow();
        assertThat(scene.count(Table.JOBS)).isEqualTo(1);
        assertThat(scene.allocs("j")).hasSize(1);
        scene.garbage.collect();
        assertThat(scene.count(Table.JOBS)).isZero();
        assertThat(scene.allocs("j")).isEmpty();
    }

    @Test
    void givenADrain_whenTheClockGoesBackADay_thenItsDeadlineStillComes() {
        scene.register(Scene.job("j", 2, 10, 10, 0, DELAY));
        scene.processes.running.values().forEach(a -> scene.report(a, "running"));
        scene.nodes.drain("n", Duration.ofSeconds(2), false, Json.object());
        assertThat(scene.eligible()).isFalse();
        scene.clock.step(Duration.ofDays(-1));
        Scene.await(() -> !scene.draining());
        assertThat(scene.processes.running).isEmpty();
        scene.letEnd();
        assertThat(scene.eligible()).isFalse();
        scene.nodes.mark("n", "eligible");
        assertThat(scene.processes.running).hasSize(2);
    }
}
