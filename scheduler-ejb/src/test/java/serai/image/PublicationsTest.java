// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.List;
import java.util.Map;
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

    @BeforeEach
    void engine() {
        server.containersAre("podman", Optional.of("registry.example/serai"));
    }

    private String image(Optional<String> base, String... lines) {
        var request = new Images.Request(
                List.of(lines),
                base,
                List.of(),
                Map.of(),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                "2026.10");
        return server.images.getOrCreate(server.tenant, NewId.of("im"), request).id();
    }

    private void publish(String image, String version, String reference) {
        var build = server.builds.open(
                server.images.find(image).orElseThrow(), false, Optional.empty(), version, Instant.now());
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
