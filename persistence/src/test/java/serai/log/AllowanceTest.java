// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class AllowanceTest {
    static final Instant NOON = Instant.parse("2030-01-01T12:00:00Z");
    static final int RATE = 100;
    static final int BURST = 1_000;

    private final Allowance allowance = new Allowance(RATE, BURST, NOON);

    private static Logs.Piece text(int length) {
        return new Logs.Piece(NOON, 1, "x".repeat(length - 1) + "\n");
    }

    @Test
    void givenLessThanTheBurst_thenAllOfItIsKept() {
        assertThat(allowance.admit(List.of(text(500), text(500)), NOON)).hasSize(2);
    }

    @Test
    void givenMore_thenItIsDroppedAndTheNextThatIsKeptSaysHowMuch() {
        assertThat(allowance.admit(List.of(text(1_000), text(50), text(60)), NOON))
                .hasSize(1);

        var kept = allowance.admit(List.of(text(10)), NOON.plusSeconds(2));

        assertThat(kept).hasSize(2);
        assertThat(kept.getFirst().stream()).isEqualTo(3);
        assertThat(kept.getFirst().content())
                .contains("2 lines (110 characters)")
                .contains("100 characters a second");
        assertThat(allowance.admit(List.of(text(10)), NOON.plusSeconds(3))).hasSize(1);
    }

    @Test
    void givenTheEnd_thenWhatWasDroppedIsToldAllTheSame() {
        allowance.admit(List.of(text(1_000), text(50)), NOON);
        assertThat(allowance.admit(List.of(), NOON))
                .singleElement()
                .satisfies(told -> assertThat(told.content()).contains("1 lines (50 characters)"));
        assertThat(allowance.admit(List.of(), NOON)).isEmpty();
    }

    @Property(tries = 200)
    void overTimeNoMoreIsKeptThanTheBurstAndTheRate(
            @ForAll @Size(max = 50) List<@IntRange(min = 2, max = 2_000) Integer> lengths) {
        var asked = new Allowance(RATE, BURST, NOON);
        var kept = new ArrayList<Logs.Piece>();
        for (int second = 0; second < lengths.size(); second++) {
            kept.addAll(asked.admit(List.of(text(lengths.get(second))), NOON.plusSeconds(second)));
        }
        int written = kept.stream()
                .filter(piece -> piece.stream() == 1)
                .mapToInt(piece -> piece.content().length())
                .sum();
        assertThat(written).isLessThanOrEqualTo(BURST + RATE * Math.max(0, lengths.size() - 1));
    }
}
