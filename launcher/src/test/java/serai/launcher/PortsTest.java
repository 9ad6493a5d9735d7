// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class PortsTest {
    private final AtomicInteger next = new AtomicInteger(20_000);

    private Map<String, Integer> choose(
            Map<String, String> asked, Map<String, Integer> remembered, Set<Integer> taken) {
        return Ports.choose(
                new Settings(asked), 1, remembered, Map.of(), port -> !taken.contains(port), next::incrementAndGet);
    }

    @Test
    void givenNothingTaken_thenTheUsualPortsAreUsed() {
        assertThat(choose(Map.of(), Map.of(), Set.of())).isEqualTo(Ports.usual());
    }

    @Test
    void givenAPortIsTaken_thenAFreeOneIsChosen() {
        assertThat(choose(Map.of(), Map.of(), Set.of(8080))).containsEntry(Ports.HTTP, 20_001);
    }

    @Test
    void givenAPortOfEarlier_thenItStaysTheSame() {
        assertThat(choose(Map.of(), Map.of(Ports.HTTP, 9999), Set.of())).containsEntry(Ports.HTTP, 9999);
    }

    @Test
    void givenAPortIsAskedFor_whenItIsTaken_thenItSaysSo() {
        assertThatThrownBy(() -> choose(Map.of(Ports.RPC, "6000"), Map.of(), Set.of(6000)))
                .isInstanceOf(Failure.class)
                .hasMessage(
                        "port 6000 (SERAI_RPC_PORT) is taken by another program: end that, or set SERAI_RPC_PORT to another"
                                + " port; unset, a free one is chosen");
    }

    @Test
    void givenAPartRuns_thenItsPortStaysAlthoughItIsTaken() {
        var chosen = Ports.choose(
                new Settings(Map.of()),
                1,
                Map.of(),
                Map.of(Ports.DATABASE, 5432),
                port -> port != 5432,
                next::incrementAndGet);
        assertThat(chosen).containsEntry(Ports.DATABASE, 5432);
    }

    @Test
    void givenSomethingElseThanANumber_thenItSaysSo() {
        assertThatThrownBy(() -> choose(Map.of(Ports.RPC, "http"), Map.of(), Set.of()))
                .hasMessageContaining("SERAI_RPC_PORT=http");
    }

    @Test
    void givenThreeServers_thenEachHasItsOwnPortsBesideTheFirst() {
        var chosen = Ports.choose(
                new Settings(Map.of("SERAI_RPC_PORT_3", "6000")),
                3,
                Map.of("SERAI_HTTP_PORT_2", 9999),
                Map.of(),
                port -> true,
                next::incrementAndGet);
        assertThat(chosen)
                .containsAllEntriesOf(Ports.usual())
                .containsEntry("SERAI_RPC_PORT_2", 50052)
                .containsEntry("SERAI_RPC_PORT_3", 6000)
                .containsEntry("SERAI_HTTP_PORT_2", 9999)
                .containsEntry("SERAI_ADMIN_PORT_3", 4850)
                .hasSize(14);
    }
}
