// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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
        assertThat(commands(layer)).containsExactly(List.of("/bin/sh", "-c", "apt-get update"));
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
        var first = (Step.Run) layer.steps().getFirst();
        var second = (Step.Run) layer.steps().getLast();
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
        assertThat(((Step.Run) layer.steps().getFirst()).environment())
                .containsEntry("N", "default")
                .containsEntry("GIVEN", "given");
    }

    @Test
    void aStandalonePython_isOneOfTheNodes() {
        var lines = List.of("FROM base", "COPY /python/. /usr/local", "ENV TERMINFO_DIRS=/etc/terminfo");
        var layer = DockerfileReader.read(lines, Images.Contents.NONE, Optional.empty(), Map.of(), Optional.of("3.12"));
        assertThat(layer.needsBuild()).isTrue();
        assertThat(layer.steps()).containsExactly(new Step.Python("COPY /python/. /usr/local", "3.12"));

        assertThat(DockerfileReader.read(lines, Images.Contents.NONE, Optional.empty(), Map.of(), Optional.empty())
                        .steps())
                .hasOnlyElementsOfType(Step.Copy.class);
    }

    @Test
    void aLineThatGoesOn_isOne() {
        var layer = read("FROM base", "RUN a \\", "", "  && b\n# not this\n\nENV X=1");
        assertThat(commands(layer).getFirst()).last().isEqualTo("a   && b");
        assertThat(layer.environment()).containsEntry("X", "1");
    }

    @Test
    void copiedLocalFiles_needNoBuildByThemselves() {
        var layer = read("FROM base", "COPY . /");
        assertThat(layer.needsBuild()).isFalse();
        assertThat(layer.copiesFiles()).isTrue();
        assertThat(layer.steps()).hasOnlyElementsOfType(Step.Copy.class);
    }

    @Test
    void aShell_readsCommandsAndIsRememberedForLayersAbove() {
        var layer = read("FROM base", "SHELL [\"/bin/bash\", \"-ec\"]", "RUN first");
        assertThat(layer.steps())
                .first()
                .isEqualTo(new Step.Shell("SHELL [\"/bin/bash\", \"-ec\"]", List.of("/bin/bash", "-ec")));
        assertThat(commands(layer)).containsExactly(List.of("/bin/bash", "-ec", "first"));
        assertThat(read("FROM base", "SHELL [\"/bin/bash\", \"-ec\"]").needsBuild())
                .isFalse();

        var above = DockerfileReader.read(
                List.of("FROM base", "RUN second"),
                Images.Contents.NONE,
                Optional.of(List.of("/bin/bash", "-ec")),
                Map.of(),
                Optional.empty());
        assertThat(commands(above)).containsExactly(List.of("/bin/bash", "-ec", "second"));
    }

    @Test
    void aMicromambaOfAnyVersion_hasWhatThePublicImageSays() {
        var layer = read("FROM mambaorg/micromamba:2.9.0-debian13-slim", "RUN micromamba install a");
        var run = (Step.Run) layer.steps().getLast();
        assertThat(run.command()).containsExactly("/usr/local/bin/_dockerfile_shell.sh", "micromamba install a");
        assertThat(run.environment())
                .containsEntry("MAMBA_ROOT_PREFIX", "/opt/conda")
                .extractingByKey("PATH")
                .asString()
                .startsWith("/opt/conda/bin:");
        assertThat(layer.entrypoint()).contains(List.of("/usr/local/bin/_entrypoint.sh"));
    }

    @ParameterizedTest
    @CsvSource({
        "COPY --from=ghcr.io/astral-sh/uv:latest /uv /.uv/uv, uv, /.uv/uv",
        "COPY --from=ghcr.io/astral-sh/uv:0.9 /uv /uvx /bin/, uvx, /bin/uvx",
    })
    void uvsOwnImage_isThePlatformsUv(String line, String program, String target) {
        assertThat(read("FROM base", line).steps()).last().isEqualTo(new Step.Uv(line, program, target));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "RUN --mount=type=ssh make",
                "RUN --mount=type=bind,rw,target=/x make",
                "RUN --mount=type=cache make",
                "RUN --mount=type=cache,target=/x,mode=rwx make",
                "RUN --mount=type=secret make",
                "RUN --mount=target=/x,ro=false make",
                "RUN --mount=type=cache,target=/x,uid=65536 make",
                "ARG TARGETARCH",
                "RUN --network=none make",
                "RUN cat <<EOF > /x",
                "COPY --parents a/b /b",
                "COPY --chmod=readable a /b",
                "ADD https://example.com/a.tar /",
                "ONBUILD RUN x",
                "COPY a",
            })
    void whatIsNotSupported_isRefusedByName(String line) {
        assertThatThrownBy(() -> read("FROM base", line))
                .isInstanceOf(ProblemException.class)
                .hasMessageContaining(line);
    }

    @Test
    void aHereDocument_isReadByTheCommandsShell() {
        var layer =
                read("FROM base", "RUN cat <<-A > /x && cat <<'B' > /y\n\tone $X\n\tA\nRUN no\n# two\nB", "RUN last");
        assertThat(commands(layer))
                .extracting(List::getLast)
                .containsExactly("cat <<-A > /x && cat <<'B' > /y\none $X\nA\nRUN no\n# two\nB\n", "last");
    }

    @Test
    void aHereDocumentAlone_isTheCommand() {
        var layer = read(
                "FROM base",
                "RUN <<EOF",
                "set -e",
                "",
                "echo $A \\",
                "  b",
                "EOF",
                "RUN <<EOF",
                "#!/usr/bin/env python3",
                "EOF");
        assertThat(commands(layer).getFirst()).containsExactly("/bin/sh", "-c", "set -e\n\necho $A \\\n  b\n");
        assertThat(commands(layer).getLast()).endsWith("sh", "#!/usr/bin/env python3\n");
    }

    @Test
    void aHereDocumentWithoutATarget_isRefused() {
        assertThatThrownBy(() -> read("FROM base", "COPY <<EOF", "EOF"))
                .isInstanceOf(ProblemException.class)
                .hasMessageContaining("a target are needed");
    }

    @Test
    void shiftsAndQuotedWords_areNoHereDocuments() {
        assertThat(commands(read("FROM base", "RUN echo $((1 << 2)) \"a <<EOF b\"", "RUN last")))
                .hasSize(2);
    }

    @Test
    void copiedHereDocuments_haveTheirVariablesFilledInUnlessQuoted() {
        var layer = read(
                "FROM base",
                "ENV A=1",
                "COPY --chmod=755 <<one <<\"two\" more /d/",
                "$A ${B:-2} \\$A '\"",
                "one",
                "$A",
                "two");
        var copy = (Step.Copy) layer.steps().getLast();
        assertThat(copy.documents()).containsExactly(Map.entry("one", "1 2 $A '\"\n"), Map.entry("two", "$A\n"));
        assertThat(copy.sources()).containsExactly("more");
        assertThat(copy.target()).isEqualTo("/d/");
        assertThat(copy.mode()).isEqualTo("755");
    }

    @Test
    void mountsOfACommand_areNoPartOfIt() {
        var layer = read(
                "FROM base",
                "ENV HOME=/h",
                "WORKDIR /w",
                "RUN --mount=type=cache,target=$HOME/.cache --mount=type=tmpfs,dst=t "
                        + "--mount=type=secret,id=TOKEN,env=T --mount=source=a,target=b --network=default make");
        var run = (Step.Run) layer.steps().getLast();
        assertThat(run.command()).last().isEqualTo("make");
        assertThat(run.mounts())
                .extracting(RunMount::type, RunMount::target, RunMount::id, RunMount::source, RunMount::variable)
                .containsExactly(
                        tuple("cache", "/h/.cache", "/h/.cache", "/", ""),
                        tuple("tmpfs", "/w/t", "/w/t", "/", ""),
                        tuple("secret", "", "TOKEN", "/", "T"),
                        tuple("bind", "/w/b", "/w/b", "a", ""));
    }

    @Test
    void theOnlyStage_mayHaveAName() {
        var layer = read("FROM --platform=linux/amd64 python:3.11-slim as base");
        assertThat(layer.from()).contains("python:3.11-slim");
        assertThat(layer.steps()).isEmpty();
    }

    @Test
    void stagesThatAreNeeded_areDoneBeforeTheLastOne() {
        var layer = read(
                "ARG V=3.11",
                "FROM python:$V AS Build",
                "ARG V",
                "ENV OF=build",
                "RUN make $V",
                "FROM other AS unused",
                "RUN unused",
                "FROM python:3.12",
                "RUN first",
                "COPY --from=build /a /b",
                "COPY --from=0 /a /c",
                "RUN --mount=from=tools:1,target=/t last");
        assertThat(layer.from()).contains("python:3.12");
        assertThat(layer.systems()).containsExactly("tools:1", "python:3.11");
        assertThat(layer.environment()).isEmpty();
        assertThat(layer.needsBuild()).isTrue();
        assertThat(layer.steps())
                .filteredOn(Step.Stage.class::isInstance)
                .containsExactly(
                        new Step.Stage("FROM tools:1", "tools:1", "", "tools:1", Map.of()),
                        new Step.Stage("FROM python:$V AS Build", "0", "", "python:3.11", Map.of()),
                        new Step.Stage("FROM python:3.12", "", "", "", BaseSystem.environment("python:3.12")));
        assertThat(commands(layer)).extracting(List::getLast).containsExactly("make $V", "first", "last");
        assertThat(layer.steps())
                .filteredOn(Step.Copy.class::isInstance)
                .extracting(step -> ((Step.Copy) step).from())
                .containsExactly("0", "0");
        assertThat(((Step.Run) layer.steps().get(2)).environment()).containsEntry("V", "3.11");
    }

    @Test
    void aStageOnAnother_goesOnWhereThatEnds() {
        var layer = read(
                "FROM python:3.11 AS below",
                "ENV A=1",
                "WORKDIR /w",
                "USER nobody",
                "SHELL [\"/bin/bash\", \"-c\"]",
                "ARG N=argument",
                "FROM BELOW",
                "RUN last");
        assertThat(layer.from()).contains("python:3.11");
        assertThat(layer.environment()).containsExactly(Map.entry("A", "1"));
        assertThat(layer.workdir()).contains("/w");
        assertThat(layer.user()).contains("nobody");
        var own = new HashMap<>(BaseSystem.environment("python:3.11"));
        own.put("A", "1");
        var run = (Step.Run) layer.steps().getLast();
        assertThat(run.command()).containsExactly("/bin/bash", "-c", "last");
        assertThat(run.environment()).containsEntry("A", "1").containsEntry("N", "argument");
        assertThat(layer.steps())
                .contains(new Step.Stage("FROM BELOW", "", "0", "", own))
                .contains(new Step.Shell("FROM BELOW", List.of("/bin/bash", "-c")));
    }

    @Test
    void aStageOfItsOwn_cannotBeCopiedFrom() {
        assertThatThrownBy(() -> read("FROM python:3.11 AS me", "COPY --from=me /a /b"))
                .isInstanceOf(ProblemException.class)
                .hasMessageContaining("me copies from itself");
    }

    @Test
    void noLines_areALayerOfWhatIsBelow() {
        var layer = read();
        assertThat(layer.from()).isEmpty();
        assertThat(layer.steps()).isEmpty();
        assertThat(layer.needsBuild()).isFalse();
    }

    @Test
    void instructionsWithoutABase_areRefused() {
        assertThatThrownBy(() -> read("RUN x", "FROM base"))
                .isInstanceOf(ProblemException.class)
                .hasMessageContaining("RUN x");
    }

    private static List<List<String>> commands(Layer layer) {
        return layer.steps().stream()
                .filter(Step.Run.class::isInstance)
                .map(step -> ((Step.Run) step).command())
                .toList();
    }

    private static Layer read(String... lines) {
        return DockerfileReader.read(
                List.of(lines), Images.Contents.NONE, Optional.empty(), Map.of(), Optional.empty());
    }
}
