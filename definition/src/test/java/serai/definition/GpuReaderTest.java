// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.definition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import modal.client.Function;
import org.junit.jupiter.api.Test;
import serai.device.Devices;
import serai.device.Gpu;
import serai.problem.ProblemException;

class GpuReaderTest {
    private static final GpuReader READER = new GpuReader(Devices.read(Optional.empty()));

    private static Function asking(String gpu, int count) {
        var function = Function.newBuilder().setFunctionName("f");
        function.getResourcesBuilder().getGpuConfigBuilder().setGpuType(gpu).setCount(count);
        return function.build();
    }

    @Test
    void givenNoGpu_whenRead_thenThereIsNone() {
        assertThat(READER.read(Function.getDefaultInstance(), List.of())).isEmpty();
    }

    @Test
    void givenOne_whenRead_thenItIsTheOnlyRank() {
        var function = asking("H100", 2);
        assertThat(READER.read(function, List.of(function))).containsExactly(new Gpu("H100", 2));
    }

    @Test
    void givenAList_whenRead_thenItsOrderIsThatOfTheRanks() {
        var ranked = List.of(asking("H100", 1), asking("A100-40GB", 2));
        assertThat(READER.read(ranked.getFirst(), ranked)).containsExactly(new Gpu("H100", 1), new Gpu("A100-40GB", 2));
    }

    @Test
    void givenTooManyAlternatives_whenRead_thenTheLimitIsNamed() {
        var ranked = Collections.nCopies(9, asking("H100", 1));
        assertThatThrownBy(() -> READER.read(ranked.getFirst(), ranked))
                .isInstanceOf(ProblemException.class)
                .hasMessage("gpu: 9 alternatives, at most 8 are allowed");
    }

    @Test
    void givenAlternativesThatDifferOtherwise_whenRead_thenTheyAreRefused() {
        var other = asking("A100", 1).toBuilder().setTimeoutSecs(7).build();
        assertThatThrownBy(() -> READER.read(other, List.of(asking("H100", 1), other)))
                .isInstanceOf(ProblemException.class)
                .hasMessage("ranked_functions: they may differ in resources.gpu_config only");
    }

    @Test
    void givenAnAlternativeWithoutAName_whenRead_thenItIsRefused() {
        assertThatThrownBy(() -> READER.read(asking("H100", 1), List.of(asking("H100", 1), asking("", 0))))
                .isInstanceOf(ProblemException.class)
                .hasMessage("gpu: the name is empty");
    }
}
