// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.runner;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetSocketAddress;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NodePortsTest {
    private static void check(String host, int port) {
        var own = List.of(new InetSocketAddress("192.0.2.1", 1), InetSocketAddress.createUnresolved(host, port));
        NodePorts.mustBeOthers(List.of(3307, 5432), "serai.db.url", own);
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost", "127.0.0.1", "127.0.1.1", "::1", "[::1]"})
    void thePortOfTheServersOwnDatabaseOnALoopbackIsRefused(String host) {
        assertThatThrownBy(() -> check(host, 5432)).hasMessageContaining("5432").hasMessageContaining("serai.db.url");
    }

    @Test
    void theSamePortOfAnotherMachineAndAnotherPortOfThisOneAreAllowed() {
        assertThatCode(() -> check("db.example.org", 5432)).doesNotThrowAnyException();
        assertThatCode(() -> check("127.0.0.1", 5433)).doesNotThrowAnyException();
    }
}
