// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serai.problem.ProblemException;

class DockerfileReaderTest {
    private static final List<String> SLIM = List.of(
            "FROM python:3.11-slim-trixie",
            "RUN apt-get update",
            "RUN apt-get install -y gcc gfortran build-essential",
            "RUN pip install --upgrade pip wheel uv",
            "RUN echo 'debconf debconf/frontend select Noninteractive' | debconf-set-selections",
            "CMD [\"sleep\", \"172800\"]");

    @Test
    void whatDebianSlimConsistsOf_isDoneByTheBaseSystem() {
        var layer = read(SLIM.toArray(String[]::new));
        assertThat(layer.from()).contains("python:3.11-slim-trixie");
        assertThat(layer.needsBuild()).isFalse();
        assertThat(layer.steps()).isEmpty();
    }

    @Test
    void theSameCommandsInALayerOfTheirOwn_areDone() {
        var layer = read("FROM base", "RUN apt-get update");
        assertThat(layer.needsBuild()).isTrue();
        assertThat(layer.steps()).extracting(Step::command).containsExactly(List.of("/bin/sh", "-c", "apt-get update"));
    }

    @Test
    void variablesAndDirectories_countFromTheirLineOn() {
        var layer = read(
                "FROM base",
                "RUN first",
                "ENV A='1 $B' C=$A",
                "WORKDIR /w",
                "WORKDIR deeper",
                "USER nobody:nogroup",
                "RUN [\"second\", \"$A\"]");
        var first = layer.steps().getFirst();
        var second = layer.steps().getLast();
        assertThat(first.environment()).doesNotContainKey("A");
        assertThat(second.environment()).containsEntry("A", "1 $B").containsEntry("C", "");
        assertThat(second.directory()).isEqualTo("/w/deeper");
        assertThat(second.user()).isEqualTo("nobody:nogroup");
        assertThat(second.command()).containsExactly("second", "$A");
        assertThat(layer.environment()).containsExactly(Map.entry("A", "1 $B"), Map.entry("C", ""));
        assertThat(layer.workdir()).contains("/w/deeper");
    }

    @Test
    void aValueOfSeveralLines_isOne() {
        var layer = read("FROM base", "ENV A='first\nsecond'", "RUN echo");
        assertThat(layer.environment()).containsExactly(Map.entry("A", "first\nsecond"));
        assertThat(layer.steps()).hasSize(1);
    }

    @Test
    void anArgument_isSeenByCommandsAndKeptByNobody() {
        var layer = DockerfileReader.read(
                List.of("FROM base", "ARG N=default", "ARG GIVEN=default", "ENV E=${N}-${GIVEN}", "RUN echo"),
                Images.Contents.NONE,
                Optional.empty(),
                Map.of("GIVEN", "given"),
                Optional.empty());
        assertThat(layer.environment()).containsExactly(Map.entry("E", "default-given"));
        assertThat(layer.steps().getFirst().environment())
                .containsEntry("N", "default")
                .containsEntry("GIVEN", "given");
    }

    @Test
    void aStandalonePython_isOneOfTheNodes() {
        var lines = List.of("FROM base", "COPY /python/. /usr/local", "ENV TERMINFO_DIRS=/etc/terminfo");
        var layer = DockerfileReader.read(lines, Images.Contents.NONE, Optional.empty(), Map.of(), Optional.of("3.12"));
        assertThat(layer.needsBuild()).isTrue();
        assertThat(layer.steps()).containsExactly(Step.python("COPY /python/. /usr/local", "3.12"));

        assertThat(DockerfileReader.read(lines, Images.Contents.NONE, Optional.empty(), Map.of(), Optional.empty())
                        .steps()
                        .getFirst()
                        .kind())
                .isEqualTo(Step.Kind.COPY);
    }

    @Test
    void aLineThatGoesOn_isOne() {
        var layer = read("FROM base", "RUN a \\\n  && b\n# not this\nENV X=1");
        assertThat(layer.steps().getFirst().command()).last().isEqualTo("a   && b");
        assertThat(layer.environment()).containsEntry("X", "1");
    }

    @Test
    void copiedLocalFiles_needNoBuildByThemselves() {
        var layer = read("FROM base", "COPY . /");
        assertThat(layer.needsBuild()).isFalse();
        assertThat(layer.copiesFiles()).isTrue();
        assertThat(layer.steps()).extracting(Step::kind).containsExactly(Step.Kind.COPY);
    }

    @Test
    void aShell_readsCommandsAndIsRememberedForLayersAbove() {
        var layer = read("FROM base", "SHELL [\"/bin/bash\", \"-ec\"]", "RUN first");
        assertThat(layer.steps())
                .extracting(Step::kind, Step::command)
                .containsExactly(
                        tuple(Step.Kind.SHELL, List.of("/bin/bash", "-ec")),
                        tuple(Step.Kind.RUN, List.of("/bin/bash", "-ec", "first")));
        assertThat(read("FROM base", "SHELL [\"/bin/bash\", \"-ec\"]").needsBuild())
                .isFalse();

        var above = DockerfileReader.read(
                List.of("FROM base", "RUN second"),
                Images.Contents.NONE,
                Optional.of(List.of("/bin/bash", "-ec")),
                Map.of(),
                Optional.empty());
        assertThat(above.steps()).extracting(Step::command).containsExactly(List.of("/bin/bash", "-ec", "second"));
    }

    @Test
    void aMicromambaOfAnyVersion_hasWhatThePublicImageSays() {
        var layer = read("FROM mambaorg/micromamba:2.9.0-debian13-slim", "RUN micromamba install a");
        var run = layer.steps().getLast();
        assertThat(run.command()).containsExactly("/usr/local/bin/_dockerfile_shell.sh", "micromamba install a");
        assertThat(run.environment())
                .containsEntry("MAMBA_ROOT_PREFIX", "/opt/conda")
                .extractingByKey("PATH")
                .asString()
                .startsWith("/opt/conda/bin:");
        assertThat(layer.entrypoint()).contains(List.of("/usr/local/bin/_entrypoint.sh"));
    }

    @Test
    void theClientsUv_isThePlatforms() {
        var layer = read("FROM base", "COPY --from=ghcr.io/astral-sh/uv:latest /uv /.uv/uv");
        assertThat(layer.steps()).extracting(Step::kind, Step::target).containsExactly(tuple(Step.Kind.UV, "/.uv/uv"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "RUN --mount=type=cache,target=/x make",
                "RUN cat <<EOF > /x",
                "COPY --from=builder /a /b",
                "ADD https://example.com/a.tar /",
                "ONBUILD RUN x",
                "FROM scratch AS builder",
                "FROM scratch",
            })
    void whatIsNotSupported_isRefusedByName(String line) {
        assertThatThrownBy(() -> read("FROM base", line))
                .isInstanceOf(ProblemException.class)
                .hasMessageContaining(line);
    }

    @Test
    void theOnlyStage_mayHaveAName() {
        assertThat(read("FROM --platform=linux/amd64 python:3.11-slim as base").from())
                .contains("python:3.11-slim");
    }

    private static Layer read(String... lines) {
        return DockerfileReader.read(
                List.of(lines), Images.Contents.NONE, Optional.empty(), Map.of(), Optional.empty());
    }
}
