// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import serai.id.NewId;
import serai.problem.Problem;
import serai.problem.ProblemException;
import serai.server.TestServer;

class PublicationsTest {
    private static final String REFERENCE = "registry.example/serai@sha256:" + "ab".repeat(32);

    private final TestServer server = new TestServer();
    private final Publications publications = server.publications;
    private final RegistryTags registry = new RegistryTags(server.jdbi);

    @BeforeEach
    void engine() {
        server.containersAre("podman", Optional.of("registry.example/serai"));
    }

    private String image(Optional<String> base, String... lines) {
        return server.image(base, Optional.empty(), lines);
    }

    private void publish(String image, String version, String reference) {
        var build = server.builds.open(
                server.images.find(image).orElseThrow(), false, Optional.empty(), version, Instant.now());
        registry.announce(build.id(), List.of(image + "-" + version), Instant.now());
        publications.published(build, reference, Instant.now());
        server.builds.end(build.id(), Builds.State.DONE, "", Instant.now());
    }

    private boolean isDue(String image, String version) {
        return publications.isDue(server.images.contents(image), version);
    }

    @Test
    void givenAPlainImage_whenAnEngineRunsContainers_thenItIsBuiltAndPublishedToo() {
        var plain = image(Optional.empty(), "FROM python:3.12-slim");
        assertThat(server.images.find(plain).orElseThrow().needsBuild()).isTrue();
        assertThat(isDue(plain, "1.6.4")).isTrue();

        publish(plain, "1.6.4", REFERENCE);
        assertThat(isDue(plain, "1.6.4")).isFalse();
        assertThat(publications.reference(plain, "1.6.4")).contains(REFERENCE);
    }

    @Test
    void givenAnImageThatOnlySaysVariables_thenWhatItStandsOnIsRun() {
        var plain = image(Optional.empty(), "FROM python:3.12-slim");
        var above = image(Optional.of(plain), "FROM base", "ENV A=1");
        publish(above, "1.6.4", REFERENCE);
        assertThat(isDue(plain, "1.6.4")).isFalse();
        assertThat(publications.reference(above, "1.6.4")).contains(REFERENCE);
    }

    @Test
    void givenAnotherVersionOfTheClient_thenItsRuntimeIsPublishedToo_andUntilThenTheFirstWillDo() {
        var plain = image(Optional.empty(), "FROM python:3.12-slim");
        publish(plain, "1.6.4", REFERENCE);
        assertThat(isDue(plain, "1.7.0")).isTrue();
        assertThat(publications.reference(plain, "1.7.0")).contains(REFERENCE);

        var other = REFERENCE.replace("ab", "cd");
        publish(plain, "1.7.0", other);
        assertThat(publications.reference(plain, "1.7.0")).contains(other);
        assertThat(publications.reference(plain, "1.6.4")).contains(REFERENCE);
    }

    @Test
    void givenAnImageThatWasNeverPublished_thenItIsSaidWhereItIsMissing() {
        var plain = image(Optional.empty(), "FROM python:3.12-slim");
        assertThatThrownBy(() -> publications.reference(plain, "1.6.4"))
                .isInstanceOfSatisfying(
                        ProblemException.class, e -> assertThat(e.problem()).isEqualTo(Problem.IMAGE_UNSUPPORTED))
                .hasMessageContaining("registry.example/serai");
    }

    @Test
    void givenAnImageThatTheRegistryLost_thenItIsPublishedAgainWhenItIsAskedFor_andRunMeanwhile() {
        var plain = image(Optional.empty(), "FROM python:3.12-slim");
        publish(plain, "1.6.4", REFERENCE);
        registry.missed(List.of(plain + "-1.6.4"), Instant.now());
        assertThat(isDue(plain, "1.6.4")).isTrue();
        assertThat(publications.reference(plain, "1.6.4")).contains(REFERENCE);

        publish(plain, "1.6.4", REFERENCE);
        assertThat(isDue(plain, "1.6.4")).isFalse();
    }

    @Test
    void givenAnImageThatIsMadeAnew_thenItIsPublishedAgain_andWhatWasRunsMeanwhile() {
        var plain = image(Optional.empty(), "FROM python:3.12-slim");
        publish(plain, "1.6.4", REFERENCE);
        var build = server.builds.open(
                server.images.find(plain).orElseThrow(), true, Optional.empty(), "1.6.4", Instant.now());
        server.builds.made(build, plain, "cd".repeat(32), 1, "", List.of(), Instant.now());
        server.builds.end(build.id(), Builds.State.DONE, "", Instant.now());
        assertThat(isDue(plain, "1.6.4")).isTrue();
        assertThat(publications.reference(plain, "1.6.4")).contains(REFERENCE);
    }

    @Test
    void givenImagesThatAreTooOld_whenTheyAreForgotten_thenTheirPublicationsGo_butNoneOfAnImageThatAPoolMayStartFrom() {
        var used = image(Optional.empty(), "FROM python:3.12-slim");
        var unused = image(Optional.empty(), "FROM python:3.11-slim");
        for (var image : List.of(used, unused)) {
            for (var version : List.of("1.6.4", "1.7.0")) {
                publish(image, version, REFERENCE);
            }
        }
        var above = image(Optional.of(used), "FROM base", "ENV A=1");
        runs(above);
        new Garbage(server.jdbi).collect(Instant.now().plusSeconds(1), Long.MAX_VALUE, Instant.now());
        assertThat(publications.reference(above, "1.6.4")).contains(REFERENCE);
        assertThat(isDue(above, "1.7.0")).isFalse();
        assertThatThrownBy(() -> publications.reference(unused, "1.6.4")).isInstanceOf(ProblemException.class);

        var now = Instant.now();
        assertThat(registry.garbage(now))
                .extracting(RegistryTags.Tag::tag)
                .contains(unused + "-1.6.4", unused + "-1.7.0")
                .doesNotContain(used + "-1.6.4", used + "-1.7.0");
        var sameManifest = registry.garbage(now).stream()
                .filter(tag -> tag.tag().equals(unused + "-1.6.4"))
                .findFirst()
                .orElseThrow();
        assertThat(registry.mayGo(sameManifest, Optional.of(REFERENCE.split("@")[1]), now))
                .as("it is one of the used image, too")
                .isFalse();
        assertThat(registry.mayGo(sameManifest, Optional.of("sha256:" + "12".repeat(32)), now))
                .isTrue();
    }

    /** A pool that may start containers of it. */
    private void runs(String image) {
        var pool = server.pool(0, Duration.ofMinutes(1));
        server.jdbi.useHandle(
                h -> h.execute("update definition set image_id = ? where id = ?", image, pool.definitionId()));
    }

    @Test
    void givenABaseThatAnotherNodeMadeFirst_thenItsDigestCounts_andImagesStandOnItForAsLongAsTheyHaveTheirLayer() {
        var name = "system-" + NewId.lowerCase("a").substring(2).replaceAll("[^0-9a-f]", "0");
        var bases = new BaseLayers(server.jdbi);
        assertThat(bases.digest(name)).isEmpty();
        assertThat(bases.record(new BaseLayer(name, "a".repeat(64)), Instant.now()))
                .isEqualTo("a".repeat(64));
        assertThat(bases.record(new BaseLayer(name, "b".repeat(64)), Instant.now()))
                .isEqualTo("a".repeat(64));

        var plain = image(Optional.empty(), "FROM python:3.12-slim");
        var above = image(Optional.of(plain), "FROM base", "RUN true");
        assertThat(server.images.contents(above).baseLayers()).isEmpty();
        make(plain, List.of(name));
        var recorded = List.of(new BaseLayer(name, "a".repeat(64)));
        assertThat(server.images.contents(above).baseLayers()).isEqualTo(recorded);
        make(above, List.of("system-other"));
        assertThat(server.images.contents(above).baseLayers())
                .as("the lowest stands where it stood")
                .isEqualTo(recorded);

        var forced = server.builds.open(
                server.images.find(plain).orElseThrow(), true, Optional.empty(), "1.6.4", Instant.now());
        assertThat(server.builds.task(forced).baseLayers())
                .as("one that is made anew stands on what is there now")
                .isEmpty();
    }

    private void make(String image, List<String> base) {
        var build = server.builds.open(
                server.images.find(image).orElseThrow(), false, Optional.empty(), "1.6.4", Instant.now());
        var digest = image.replaceAll("[^0-9]", "a").concat("0".repeat(64)).substring(0, 64);
        server.builds.made(build, image, digest, 1, "3.12.1", base, Instant.now());
        server.builds.end(build.id(), Builds.State.DONE, "", Instant.now());
    }

    @Test
    void givenNoEngine_thenNothingIsPublished() {
        var other = new TestServer();
        assertThat(other.publications.isDue(Images.Contents.NONE, "1.6.4")).isFalse();
        assertThat(other.publications.reference("im-any", "1.6.4")).isEmpty();
    }

    @Test
    void givenADriverWithoutARegistry_thenItIsRefused() {
        server.containersAre("podman", Optional.empty());
        assertThatThrownBy(() -> publications.reference("im-any", "1.6.4"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("serai.image.registry names none");
    }
}
