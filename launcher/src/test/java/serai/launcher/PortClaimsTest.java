// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PortClaimsTest {
    private static Map<String, Integer> choose(PortClaims claims) {
        return Ports.choose(new Settings(Map.of()), 2, Map.of(), Map.of(), claims, Ports::any);
    }

    @Test
    void givenTwoThatChooseBeforeEitherListens_thenTheyShareNoPort() {
        try (var one = new PortClaims();
                var other = new PortClaims()) {
            assertThat(choose(one).values())
                    .doesNotContainAnyElementsOf(choose(other).values());
        }
    }

    @Test
    void givenAClaim_thenItsHolderListensThere() throws IOException {
        try (var claims = new PortClaims()) {
            int port = Ports.any();
            assertThat(claims.test(port)).isTrue();
            try (var socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                assertThat(socket.getLocalPort()).isEqualTo(port);
            }
        }
    }

    @Test
    void givenAPartThatIsReplaced_whenItDoesNotListenForAMoment_thenNobodyElseTakesItsPort() throws IOException {
        try (var claims = new PortClaims();
                var other = new PortClaims()) {
            int port;
            try (var part = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                port = part.getLocalPort();
                claims.keep(port);
            }
            assertThat(Ports.isFree(port)).isTrue();
            assertThat(other.test(port)).isFalse();
        }
    }

    @Test
    void givenAClaimThatWasGivenBack_thenAnotherOneHasThePort() {
        int port = Ports.any();
        try (var other = new PortClaims()) {
            try (var claims = new PortClaims()) {
                assertThat(claims.test(port)).isTrue();
                assertThat(other.test(port)).isFalse();
            }
            assertThat(other.test(port)).isTrue();
        }
    }
}
