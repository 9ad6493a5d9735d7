// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunnerConfigTest {
    private static RunnerConfig with(String nodePorts) {
        var config = new RunnerConfig();
        config.nodePorts = Optional.ofNullable(nodePorts);
        return config;
    }

    @Test
    void portsOfTheNodeReachTheRunnerInOrderAndOnce() {
        assertThat(with(" 6432, 3307,6432").network()).isEqualTo(Map.of("SERAI_NODE_PORTS", "3307,6432"));
        assertThat(with(null).network()).isEmpty();
    }

    @Test
    void whereContainersShareTheNodesNetworkThereIsNothingToForward() {
        var shared = with("6432");
        shared.sharesNetwork = true;
        assertThat(shared.network()).isEqualTo(Map.of("SERAI_NETWORK", "node"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "65536", "59", "6432,", "6432;3307", "1-65535", "-1", "x", "99999999999"})
    void whatIsNoPortThatAContainerCanHaveIsRefused(String text) {
        assertThatThrownBy(() -> with(text).nodePorts()).hasMessageContaining("serai.runner.node-ports");
    }
}
