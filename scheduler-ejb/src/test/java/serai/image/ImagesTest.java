// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import serai.device.Gpu;
import serai.server.TestServer;

class ImagesTest {
    private final TestServer server = new TestServer();

    private String layer(Optional<String> base, String... lines) {
        return server.image(base, Optional.empty(), lines);
    }

    private String computed(String base, Optional<Gpu> gpu, String line) {
        return server.image(Optional.of(base), gpu, "FROM base", line);
    }

    private Optional<Gpu> gpuOfBuild(String image, boolean forced) {
        var build = server.builds.open(
                server.images.find(image).orElseThrow(), forced, Optional.empty(), "1.6.4", Instant.now());
        return server.builds.gpu(build);
    }

    @Test
    void givenGpusThatLayersAskFor_thenABuildHasThoseOfTheHighestThatItMakes() {
        var slim = layer(Optional.empty(), "FROM python:3.12-slim");
        var plain = computed(slim, Optional.empty(), "RUN true");
        var one = computed(plain, Optional.of(new Gpu("H100", 1)), "RUN make");
        var two = computed(one, Optional.of(new Gpu("H100", 2)), "RUN make more");
        var above = computed(two, Optional.empty(), "RUN make the rest");

        assertThat(gpuOfBuild(plain, false)).isEmpty();
        assertThat(gpuOfBuild(one, false)).contains(new Gpu("H100", 1));
        assertThat(gpuOfBuild(above, false)).contains(new Gpu("H100", 2));

        for (var image : List.of(slim, plain, one, two, above)) {
            server.jdbi.useHandle(h -> h.execute("update image set layer = 'there' where id = ?", image));
        }
        assertThat(gpuOfBuild(above, true)).as("made anew on what is there").isEmpty();
    }

    private Optional<List<String>> entrypoint(String image) {
        return server.images.contents(image).entrypoint();
    }

    @Test
    void givenLayersOnEachOther_thenTheLastThatNamesAnEntrypointDecides() {
        var silent = layer(Optional.empty(), "FROM python:3.12-slim");
        var speaking = layer(Optional.of(silent), "FROM base", "ENTRYPOINT [\"/bin/a b\", \"-c\"]", "ENV A=1");
        var above = layer(Optional.of(speaking), "FROM base", "ENV B=2");
        var without = layer(Optional.of(above), "FROM base", "ENTRYPOINT []");

        assertThat(entrypoint(silent)).isEmpty();
        assertThat(entrypoint(speaking)).contains(List.of("/bin/a b", "-c"));
        assertThat(entrypoint(above)).contains(List.of("/bin/a b", "-c"));
        assertThat(entrypoint(without)).isEmpty();
        assertThat(server.images.contents(above).environment()).containsOnly(Map.entry("A", "1"), Map.entry("B", "2"));
    }

    @Test
    void givenAnImageThatNeedsNoBuild_whenItsContainersRootIsKept_thenItIsToBeMadeAllTheSame() {
        var slim = layer(Optional.empty(), "FROM python:3.12-slim");
        var above = layer(Optional.of(slim), "FROM base", "ENV B=2");

        assertThat(server.images.contents(above).base()).isEmpty();
        var rooted = server.images.rooted(above);
        assertThat(rooted.base()).isPresent();
        assertThat(rooted.missing()).containsExactly(slim, above);
        assertThat(rooted.environment()).containsEntry("B", "2").containsKey("PATH");
    }

    @Test
    void givenAnEntrypointThatAStatementWrote_thenItIsRead() {
        var image = layer(Optional.empty(), "FROM python:3.12-slim");
        server.jdbi.useHandle(h -> h.execute("update image set entrypoint = '[\"sh\", \"-é\"]' where id = ?", image));
        assertThat(entrypoint(image)).contains(List.of("sh", "-é"));
    }
}
