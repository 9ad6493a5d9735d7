// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Apart from the examples: reports of two engines on one class overwrite each other. */
class PortsPropertiesTest {
    @Property
    void noPortIsGivenTwice_norOneThatIsTaken(@ForAll Set<@IntRange(min = 4000, max = 9000) Integer> taken) {
        var next = new AtomicInteger(20_000);
        var chosen = Ports.choose(
                new Settings(Map.of()),
                3,
                Map.of(Ports.ADMIN, 8080, Ports.HTTP, 8080),
                Map.of(),
                port -> !taken.contains(port),
                next::incrementAndGet);
        assertThat(chosen.values()).hasSize(14).doesNotHaveDuplicates().noneMatch(taken::contains);
    }
}
