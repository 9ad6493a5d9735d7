// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RoutesTest {
    @Test
    void theAddressOfEndpointsTellsWhatFollowsTheLabelInAHost() {
        assertThat(Routes.suffixOf("http://{label}.localhost:8000")).isEqualTo(".localhost");
        assertThat(Routes.suffixOf("https://{label}.web.example.org")).isEqualTo(".web.example.org");
        assertThat(Routes.suffixOf("https://{label}.example.org/")).isEqualTo(".example.org");
    }

    @Test
    void anAddressWithTheLabelInItsPathSaysNothingOfHosts() {
        assertThat(Routes.suffixOf("https://web.example.org/w/{label}")).isEmpty();
    }
}
