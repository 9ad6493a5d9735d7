// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serai.local.state.Alloc;
import serai.local.state.Table;

class GarbageTest {
    private static final boolean WHOLE = "1".equals(System.getenv("SERAI_TEST_FULL"));

    @TempDir
    Path directory;

    @Test
    void givenThousandsOfJobsThatComeAndGo_whenNobodyCleansUp_thenMemoryAndDiskStayBounded() throws IOException {
        int jobs = WHOLE ? 20_000 : 1_000;
        try (Scene scene = new Scene(directory)) {
            scene.register(Scene.job("stays", 1, 10, 10, 0, Duration.ofMillis(1)));
            for (int i = 0; i < jobs; i++) {
                String id = "j" + i;
                scene.register(Scene.job(id, 1 + i % 2, 10, 10, 0, Duration.ofMinutes(1)));
                List<Alloc> live = scene.live(id);
                assertThat(live).hasSize(1 + i % 2);
                scene.report(live.getFirst(), "running");
                if (i % 3 == 0) {
                    scene.report(live.getFirst(), "failed");
                }
                scene.jobs.deregister("default", id, i % 5 != 0);
                scene.letEnd();
                if (i % 5 == 0) {
                    scene.jobs.deregister("default", id, true);
                }
                scene.scale("stays", 1 + i % 3);
                scene.letEnd();
            }
            assertThat(scene.count(Table.JOBS)).isEqualTo(1);
            assertThat(scene.count(Table.ALLOCATIONS)).isLessThan(500);
            assertThat(scene.count(Table.EVALUATIONS)).isLessThan(1_000);
            assertThat(scene.count(Table.VERSIONS)).isEqualTo(1);
            assertThat(scene.count(Table.SCALING_EVENTS)).isEqualTo(1);
            assertThat(Files.size(directory.resolve("journal.ndjson"))).isLessThan(40L * 1024 * 1024);
        }
    }

    @Test
    void givenManyJobsThatStay_whenTheyAreScaledAgainAndAgain_thenOneEvaluationOfEachIsEnough() {
        int jobs = WHOLE ? 5_000 : 500;
        try (Scene scene = new Scene(directory)) {
            for (int i = 0; i < jobs; i++) {
                scene.register(Scene.job("j" + i, 0, 10, 10, 0, Duration.ofMinutes(1)));
            }
            for (int i = 0; i < 3 * jobs; i++) {
                String id = "j" + i % jobs;
                scene.scale(id, 1);
                scene.scale(id, 0);
                scene.letEnd();
            }
            assertThat(scene.count(Table.JOBS)).isEqualTo(jobs);
            assertThat(scene.count(Table.EVALUATIONS)).isLessThan(jobs + 1_000);
            assertThat(scene.count(Table.ALLOCATIONS)).isLessThan(500);
        }
    }
}
