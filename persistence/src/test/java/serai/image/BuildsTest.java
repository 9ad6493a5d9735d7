// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import serai.database.TestDatabase;
import serai.id.NewId;
import serai.signal.Signals;

/** The statements around builds, on a real database. */
class BuildsTest {
    private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
    private static final int TRIES = 2;

    private static Jdbi jdbi;
    private static Builds builds;
    private static String workspace;

    @BeforeAll
    static void begin() {
        jdbi = TestDatabase.jdbi();
        builds = new Builds(jdbi, null, new Signals());
        workspace = NewId.of("ws");
        jdbi.useHandle(h -> h.execute("insert into workspace (id, name) values (?, ?)", workspace, workspace));
    }

    @Test
    void twentyWhoAskAtOnce_openOneBuild() throws Exception {
        var image = image();
        Callable<Builds.Build> ask = () -> builds.open(image, workspace, false, Optional.empty(), "1.6.4", NOW);
        try (var threads = Executors.newFixedThreadPool(20)) {
            var opened = threads.invokeAll(Stream.generate(() -> ask).limit(20).toList());
            assertThat(opened)
                    .extracting(build -> build.get().id())
                    .containsOnly(opened.getFirst().get().id());
        }
    }

    @Test
    void afterItsEnd_anotherBuildMayBegin() {
        var image = image();
        var first = builds.open(image, workspace, false, Optional.empty(), "1.6.4", NOW);
        assertThat(builds.end(first.id(), Builds.State.FAILED, "it failed", NOW))
                .isTrue();
        assertThat(builds.end(first.id(), Builds.State.DONE, "", NOW))
                .as("ended a second time")
                .isFalse();
        var second = builds.open(image, workspace, false, Optional.empty(), "1.6.4", NOW.plusSeconds(1));
        assertThat(second.id()).isNotEqualTo(first.id());
        assertThat(builds.latest(image)).map(Builds.Build::id).contains(second.id());
        assertThat(builds.find(first.id())).map(Builds.Build::reason).contains("it failed");
    }

    @Test
    void anAllocation_isLetInOnce_andALaterOneTakesItsPlace() {
        var build = builds.open(image(), workspace, false, Optional.empty(), "1.6.4", NOW);
        var first = builds.admit(build.id(), "allocation-1", TRIES, NOW).orElseThrow();
        assertThat(builds.admit(build.id(), "allocation-1", TRIES, NOW)).isEmpty();
        assertThat(builds.find(build.id())).map(Builds.Build::isOver).contains(false);
        var second = builds.admit(build.id(), "allocation-2", TRIES, NOW).orElseThrow();
        assertThat(builds.authenticate(build.id().value(), first.token())).isEmpty();
        assertThat(builds.authenticate(build.id().value(), second.token())).isPresent();
    }

    @Test
    void aBuildWhoseBuildersAreLost_fails() {
        var build = builds.open(image(), workspace, false, Optional.empty(), "1.6.4", NOW);
        builds.admit(build.id(), "a-1", TRIES, NOW);
        builds.admit(build.id(), "a-2", TRIES, NOW);
        assertThat(builds.admit(build.id(), "a-3", TRIES, NOW)).isEmpty();
        assertThat(builds.find(build.id())).map(Builds.Build::state).contains(Builds.State.FAILED);
    }

    @Test
    void twoWhoCallItsFunction_callItOnce() {
        var build = builds.open(image(), workspace, false, Optional.empty(), "1.6.4", NOW);
        assertThat(builds.called(build, "fc-1")).isTrue();
        assertThat(builds.called(build, "fc-2")).isFalse();
        var again = builds.find(build.id()).orElseThrow();
        assertThat(again.callId()).contains("fc-1");
        assertThat(again.calls()).isOne();
        builds.end(build.id(), Builds.State.CANCELLED, "", NOW);
        assertThat(builds.called(again, "fc-3")).as("after its end").isFalse();
    }

    @Test
    void aLayer_isForgottenWhenItIsOldAndNoPoolNeedsIt() {
        var old = layered("a", NOW.minusSeconds(100));
        var young = layered("b", NOW);
        var garbage = new Garbage(jdbi);
        assertThat(garbage.collect(NOW.minusSeconds(50), Long.MAX_VALUE, NOW).layers())
                .isEqualTo(1);
        assertThat(forgotten(old, young)).containsExactly(old.substring(0, 32));
        garbage.collect(NOW.minusSeconds(50), 0, NOW);
        assertThat(forgotten(old, young)).as("too large").hasSize(2);
    }

    private static List<String> forgotten(String... digests) {
        return builds.garbage(
                Stream.of(digests).map(digest -> digest.substring(0, 32)).toList());
    }

    @Test
    void whatIsAskedForAgain_isNotOldAnyMore() {
        var digest = layered("c", NOW.minus(Duration.ofDays(2)));
        var image = jdbi.withHandle(h -> h.createQuery("select id from image where layer = :layer")
                .bind("layer", digest)
                .mapTo(String.class)
                .one());
        new Images(null, jdbi, null, null).used(image, NOW);
        new Garbage(jdbi).collect(NOW.minus(Duration.ofDays(1)), Long.MAX_VALUE, NOW);
        assertThat(forgotten(digest)).isEmpty();
    }

    @Test
    void anImageThatHasAName_keepsItsLayerUntilTheNameOrItsEnvironmentIsGone() {
        var digests =
                Stream.of("d", "e", "f").map(letter -> layered(letter, NOW)).toList();
        var garbage = new Garbage(jdbi);
        var environment = NewId.of("en");
        jdbi.useHandle(h -> {
            h.execute(
                    "insert into environment (id, workspace_id, name) values (?, ?, ?)",
                    environment,
                    workspace,
                    environment);
            h.execute(
                    "insert into image_name (environment_id, name, image_id, created_at, published_at)"
                            + " select ?, left(layer, 1) || ':latest', id, now(), now() from image where layer = any(?)",
                    environment,
                    digests.subList(0, 2).toArray(String[]::new));
        });
        garbage.collect(NOW.plusSeconds(1), Long.MAX_VALUE, NOW);
        assertThat(forgotten(digests.toArray(String[]::new))).containsExactly("f".repeat(32));

        jdbi.useHandle(h -> h.execute("delete from image_name where name = 'd:latest'"));
        garbage.collect(NOW.plusSeconds(1), 0, NOW);
        assertThat(forgotten(digests.get(0), digests.get(1))).containsExactly("d".repeat(32));

        jdbi.useHandle(h -> h.execute("update environment set deleted_at = now() where id = ?", environment));
        garbage.collect(NOW.plusSeconds(1), Long.MAX_VALUE, NOW);
        assertThat(forgotten(digests.get(1))).hasSize(1);
    }

    /** @return an image's layer */
    private static String layered(String letter, Instant usedAt) {
        var digest = letter.repeat(64);
        var at = java.sql.Timestamp.from(usedAt);
        jdbi.useHandle(h -> {
            h.execute("insert into layer (digest, size, created_at, used_at) values (?, 10, ?, ?)", digest, at, at);
            h.execute("update image set layer = ?, used_at = ? where id = ?", digest, at, image());
        });
        return digest;
    }

    private static String image() {
        var id = NewId.of("im");
        jdbi.useHandle(h -> h.execute(
                "insert into image (id, workspace_id, builder_version, needs_build) values (?, ?, '2026.10', true)",
                id,
                workspace));
        return id;
    }
}
