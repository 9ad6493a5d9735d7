// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.definition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import modal.client.Function;
import org.junit.jupiter.api.Test;
import serai.problem.ProblemException;

class ConcurrencyTest {
    private static Function.Builder aFunction() {
        return Function.newBuilder();
    }

    private static Function.Builder aServer() {
        return aFunction().setIsServer(true);
    }

    private static Function.Builder aServer(float target) {
        var server = aServer();
        server.getAutoscalerSettingsBuilder().setTargetConcurrencyFloat(target);
        return server;
    }

    private static int of(Function.Builder function) {
        return Concurrency.of(function.build());
    }

    @Test
    void givenAFunction_thenItsTargetCountsBeforeItsMaximum_andBatchesAreWhole() {
        assertThat(of(aFunction())).isEqualTo(1);
        assertThat(of(aFunction().setMaxConcurrentInputs(8))).isEqualTo(8);
        assertThat(of(aFunction().setMaxConcurrentInputs(8).setTargetConcurrentInputs(5)))
                .isEqualTo(5);
        assertThat(of(aFunction().setMaxConcurrentInputs(2).setBatchMaxSize(10)))
                .isEqualTo(20);
    }

    @Test
    void givenAServer_thenItsTargetCountsBeforeItsMaximum_inWholeRequests() {
        assertThat(of(aServer(2.5f).setMaxConcurrentInputs(4))).isEqualTo(2);
        assertThat(of(aServer().setMaxConcurrentInputs(4))).isEqualTo(4);
        assertThat(of(aServer())).isEqualTo(1_000);
    }

    @Test
    void givenAServerWithATargetOfZero_thenItsMaximumStartsNoContainers() {
        assertThat(of(aServer(0).setMaxConcurrentInputs(4))).isEqualTo(1_000);
    }

    @Test
    void givenWhatTheClientWouldNotAllow_thenItIsRefusedByName() {
        assertThatThrownBy(() -> of(aFunction().setMaxConcurrentInputs(1_001)))
                .isInstanceOf(ProblemException.class)
                .hasMessage("max_inputs is 1001: from 1 to 1000 are allowed");
        assertThatThrownBy(() -> of(aServer(0.5f))).hasMessageStartingWith("target_concurrency is 0:");
    }
}
