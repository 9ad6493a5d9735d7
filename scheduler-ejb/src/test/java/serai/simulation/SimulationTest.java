// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.TreeMap;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Whatever goes wrong, nothing that was acknowledged is lost. To replay what failed, with its story: {@code
 * -Dserai.simulation.seed=N}; for other runs than those of each build: {@code -Dserai.simulation.first=N
 * -Dserai.simulation.runs=N}.
 */
class SimulationTest {
    private static final Logger LOGGER = Logger.getLogger("serai");
    private static final Level LEVEL = LOGGER.getLevel();

    @BeforeAll
    static void nobodyReadsTenThousandLogs() {
        LOGGER.setLevel(Level.OFF);
    }

    @AfterAll
    static void logAgain() {
        LOGGER.setLevel(LEVEL);
    }

    @Test
    void givenAnyFaults_whenTheyAreOver_thenWhatWasAcknowledgedHasOneResultAndNothingIsLeftRunning() {
        var one = Long.getLong("serai.simulation.seed");
        if (one != null) {
            replay(one);
            return;
        }
        long first = Long.getLong("serai.simulation.first", 1);
        long runs = Long.getLong("serai.simulation.runs", 10_000);
        var happened = new TreeMap<String, Long>();
        long began = System.nanoTime();
        for (long seed = first; seed < first + runs; seed++) {
            run(seed).forEach((what, count) -> happened.merge(what, count, Long::sum));
        }
        System.out.printf(
                "simulated seeds %d to %d in %.1f s: %s%n",
                first, first + runs - 1, (System.nanoTime() - began) / 1e9, happened);
        assertThat(happened)
                .as("a run in which nothing else can happen proves nothing")
                .containsKeys("SUCCESS", "FAILURE", "TIMEOUT", "TERMINATED", "INTERNAL_FAILURE")
                .allSatisfy((what, count) -> assertThat(count).as(what).isPositive());
    }

    @Test
    void givenASeed_whenItIsReplayed_thenTheSameHappens() {
        for (long seed = 1; seed <= 20; seed++) {
            assertThat(story(seed)).as("seed %d", seed).isNotEmpty().isEqualTo(story(seed));
        }
    }

    private static String story(long seed) {
        var world = new World(seed, true);
        world.run();
        return world.story();
    }

    private static Map<String, Long> run(long seed) {
        var world = new World(seed, false);
        try {
            world.run();
            return world.happened();
        } catch (Throwable e) {
            throw new AssertionError(
                    "seed %d does not hold: %s%nreplay it with -Dserai.simulation.seed=%d".formatted(seed, e, seed), e);
        }
    }

    private static void replay(long seed) {
        var world = new World(seed, true);
        try {
            world.run();
        } finally {
            System.out.printf("seed %d, %s, %s%n%s", seed, world.faults, world.duties, world.story());
        }
    }
}
