// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import serai.database.TestDatabase;
import serai.id.NewId;
import serai.log.BuildLogs;
import serai.log.Chunks;
import serai.log.LogChunk;
import serai.log.Logs;
import serai.pool.PoolId;
import serai.signal.Signals;

/** The statements around what builds say, on a real database. */
class BuildLogsTest {
    private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
    private static final Instant LATER = NOW.plusSeconds(60);

    private static Jdbi jdbi;
    private static Builds builds;
    private static BuildLogs logs;
    private static String workspace;

    @BeforeAll
    static void begin() {
        jdbi = TestDatabase.jdbi();
        builds = new Builds(jdbi, null, new Signals());
        logs = new BuildLogs(jdbi, new Signals());
        workspace = NewId.of("ws");
        jdbi.useHandle(h -> h.execute("insert into workspace (id, name) values (?, ?)", workspace, workspace));
    }

    @Test
    void whatABuildSays_isReadInOrderFromWhereOneHasRead() {
        var build = open(image(null));
        say(build, "a", "b\0");
        say(build, "c");
        assertThat(logs.after(build.id(), 1, 10)).extracting(LogChunk::content).containsExactly("b\uFFFD", "c");
    }

    @Test
    void whatThePlatformNotes_isSaidOnce() {
        var build = open(image(null));
        logs.note(build.id(), "It waits", NOW);
        logs.note(build.id(), "It waits for something else", NOW);
        logs.note(build.id(), "It waits", NOW);
        assertThat(logs.after(build.id(), 0, 10))
                .extracting(LogChunk::content)
                .containsExactly("It waits\n", "It waits for something else\n");
    }

    @Test
    void ofTwoImagesOfOneBuild_eachHasItsPart_andTheLastOneWhatFollows() {
        var lower = image(null);
        var upper = image(lower);
        var build = open(upper);
        say(build, "of the lower\n");
        made(build, lower);
        made(build, lower); // the builder did not hear the answer
        say(build, "of the ", "upper\n");
        made(build, upper);
        say(build, "published\n");
        builds.end(build.id(), Builds.State.DONE, "", NOW);

        assertThat(logs.steps(upper)).extracting(BuildLogs.Step::imageId).containsExactly(lower, upper);
        assertThat(read(lower, build)).containsExactly("of the lower\n");
        assertThat(read(upper, build)).containsExactly("of the ", "upper\n", "published\n");
        assertThat(logs.steps(lower)).extracting(BuildLogs.Step::imageId).containsExactly(lower);
    }

    @Test
    void ofAnImageThatWasNotMade_theStepHasWhatWasSaidSinceTheLastOne() {
        var lower = image(null);
        var upper = image(lower);
        var build = open(upper);
        say(build, "fine\n");
        made(build, lower);
        say(build, "not fine\n");
        builds.end(build.id(), Builds.State.FAILED, "it failed", NOW);
        assertThat(read(upper, build)).containsExactly("not fine\n");
    }

    @Test
    void ofSeveralBuildsOfOneImage_theLastOneCounts() {
        var image = image(null);
        var failed = open(image);
        say(failed, "failed\n");
        builds.end(failed.id(), Builds.State.FAILED, "it failed", NOW);
        var build = open(image);
        say(build, "made\n");
        builds.made(build, image, NewId.of("digest"), 1, "3.12", List.of(), LATER);
        assertThat(logs.steps(image)).extracting(BuildLogs.Step::build).containsExactly(build.id());
    }

    @Test
    void ofABuildThatEndedWithoutAWord_thereIsNoStep() {
        var lower = image(null);
        var image = image(lower);
        var made = open(image);
        say(made, "made\n");
        made(made, lower);
        say(made, "too\n");
        made(made, image);
        builds.end(made.id(), Builds.State.DONE, "", NOW);
        var interrupted = open(image);
        builds.end(interrupted.id(), Builds.State.CANCELLED, "nobody waits for it any more", LATER);

        assertThat(logs.steps(image)).extracting(BuildLogs.Step::build).containsExactly(made.id(), made.id());
        assertThat(read(image, made)).containsExactly("too\n");
    }

    @Test
    void anImageOfAnotherWorkspace_isNotMade() {
        var image = image(null);
        var other = NewId.of("ws");
        jdbi.useHandle(h -> h.execute("insert into workspace (id, name) values (?, ?)", other, other));
        var build = open(image);
        var theirs = image(null);
        jdbi.useHandle(h -> h.execute("update image set workspace_id = ? where id = ?", other, theirs));

        assertThatThrownBy(() -> made(build, theirs)).hasMessageContaining("not found");
        assertThat(logs.steps(theirs)).isEmpty();
    }

    @Test
    void anImageThatNeedsNoBuild_hasNoStep_andASilentOneIsThere() {
        var lower = image(null);
        var build = open(lower);
        made(build, lower);
        assertThat(logs.steps(image(lower))).containsExactly(new BuildLogs.Step(lower, build.id(), NOW, NOW));
    }

    @Test
    void whatWasSaid_isFilteredAndCounted() {
        var image = image(null);
        var build = open(image);
        say(build, "one\ntwo\n", "three\n");
        logs.append(build.id(), List.of(new Logs.Piece(LATER, 2, "Two, again\n")), LATER);
        made(build, image);

        assertThat(chunks(image, build.id(), 2, "").lines(NOW, LATER.plusMillis(1), 10))
                .extracting(LogChunk::content)
                .containsExactly("Two, again\n");
        assertThat(chunks(image, build.id(), 0, "two").lines(NOW, LATER.plusMillis(1), 10))
                .extracting(LogChunk::content)
                .containsExactly("two\n", "Two, again\n");
        assertThat(chunks(image, build.id(), 0, "").count(NOW, LATER.plusMillis(1), Duration.ofSeconds(60)))
                .containsExactly(new Chunks.Count(NOW, 1, 3), new Chunks.Count(LATER, 2, 1));
        assertThat(chunks(image(null), build.id(), 0, "").lines(NOW, LATER, 10))
                .as("of another image")
                .isEmpty();
    }

    private static Builds.Build open(String image) {
        return builds.open(image, workspace, false, Optional.empty(), "1.6.4", NOW);
    }

    private static void say(Builds.Build build, String... said) {
        logs.append(
                build.id(),
                Stream.of(said).map(content -> new Logs.Piece(NOW, 1, content)).toList(),
                NOW);
    }

    private static void made(Builds.Build build, String image) {
        builds.made(build, image, NewId.of("digest"), 1, "3.12", List.of(), NOW);
    }

    private static List<String> read(String image, Builds.Build build) {
        var step = logs.steps(image).getLast();
        assertThat(step.build()).isEqualTo(build.id());
        return chunks(image, build.id(), 0, "").lines(step.from(), step.until().plusMillis(1), 100).stream()
                .map(LogChunk::content)
                .toList();
    }

    private static Chunks chunks(String image, PoolId build, int stream, String text) {
        return logs.of(image, build, new Logs.Filter("", build.value(), "", "", stream, text));
    }

    private static String image(String below) {
        var id = NewId.of("im");
        jdbi.useHandle(h -> h.execute(
                "insert into image (id, workspace_id, builder_version, needs_build, base_id) values (?, ?, '2026.10', true, ?)",
                id,
                workspace,
                below));
        return id;
    }
}
