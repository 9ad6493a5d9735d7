// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.build;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import serai.image.Builds;
import serai.pool.PoolId;
import serai.runner.RunnerArtifact;
import serai.server.TestServer;

class BuildersTest {
    private final TestServer server = new TestServer();
    private final Builders builders = server.builders();
    private PoolId build;

    @BeforeEach
    void aBuildThatSomebodyWaitsFor() {
        build = open("RUN true", Instant.now().minusSeconds(20));
        server.builds.waited(build, Instant.now());
    }

    private PoolId open(String line, Instant at) {
        var image = server.image(Optional.empty(), Optional.empty(), "FROM python:3.12-slim", line);
        return server.builds
                .open(server.images.find(image).orElseThrow(), false, Optional.empty(), "1.6.4", at)
                .id();
    }

    @Test
    void givenABuild_whenItIsLookedAt_thenItHasAPlaceUntilItIsOver() {
        builders.look(build);
        assertThat(server.cluster.count(build)).contains(1);

        server.builds.end(build, Builds.State.DONE, "", Instant.now());
        builders.look(build);

        assertThat(server.cluster.count(build)).isEmpty();
    }

    @Test
    void givenAServerThatDiedWhileItBeganABuild_whenAnotherLooksAtIt_thenItHasAPlace() {
        server.builds.declared(build, true);

        builders.look(build);

        assertThat(server.cluster.count(build)).contains(1);
    }

    @Test
    void givenABuildThatBeganJustNow_whenAnotherServerLooksAtIt_thenItLeavesItToTheFirst() {
        var fresh = open("RUN false", Instant.now().plusSeconds(60));
        server.builds.declared(fresh, true);

        builders.look(fresh);

        assertThat(server.cluster.count(fresh)).isEmpty();
    }

    @Test
    void givenAClusterThatLostEverything_whenAnotherServerLooksAtABuildThatWaits_thenItHasAPlaceAgain() {
        builders.look(build);
        server.cluster.reset();

        server.builders().look(build);

        assertThat(server.cluster.count(build)).contains(1);
    }

    @Test
    void givenABuilderThatIsStarting_whenAServerOfAnotherVersionLooksAtItsBuild_thenItIsLeftAlone() {
        builders.look(build);
        var starting = server.cluster.at(build, 0).id();

        server.builders(RunnerArtifact.of(new byte[] {4})).look(build);

        assertThat(server.cluster.at(build, 0).id()).isEqualTo(starting);
    }

    @Test
    void givenABuildWithoutAPlace_whenAServerOfAnotherVersionLooksAtIt_thenItsBuilderWillStartByThatServersRunner() {
        server.cluster.makeRoom(build, 0);
        builders.look(build);
        var newer = RunnerArtifact.of(new byte[] {4});

        server.builders(newer).look(build);
        server.cluster.makeRoom(build, 1);

        assertThat(server.cluster.job(build).runner().sha256()).isEqualTo(newer.sha256());
        assertThat(server.cluster.at(build, 0)).isNotNull();
    }

    @Test
    void
            givenABuilderThatEndedBeforeItPresentedItself_whenAServerOfAnotherVersionLooks_thenTheNextIsOfThatServersRunner() {
        builders.look(build);
        server.cluster.end(server.cluster.at(build, 0).id(), 1);
        var newer = RunnerArtifact.of(new byte[] {4});

        server.builders(newer).look(build);

        assertThat(server.cluster.job(build).runner().sha256()).isEqualTo(newer.sha256());
        assertThat(server.cluster.at(build, 0)).isNotNull();
    }

    @Test
    void givenAServerThatBeganABuild_whenItLooksAgain_thenItDoesNotAskAgainSoSoon() {
        builders.look(build);
        server.cluster.reset();

        builders.look(build);

        assertThat(server.cluster.count(build)).isEmpty();
    }

    @Test
    void givenAClusterThatWasAway_whenItIsBack_thenTheBuildBegins() {
        server.cluster.goAway();
        builders.look(build);
        server.cluster.comeBack();

        builders.look(build);

        assertThat(server.cluster.count(build)).contains(1);
    }
}
