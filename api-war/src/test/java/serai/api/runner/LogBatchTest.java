// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serai.log.Logs;
import serai.problem.ProblemException;

class LogBatchTest {
    static final Instant NOON = Instant.parse("2030-01-01T12:00:00Z");
    static final Instant MORNING = NOON.minusSeconds(3600);
    static final double NOON_S = NOON.getEpochSecond();

    @Test
    void givenClocksThatAgree_thenTimesStayAsTheyAre() {
        assertThat(times(NOON_S - 0.25, NOON_S - 1)).containsExactly(NOON.minusSeconds(1));
    }

    @ParameterizedTest
    @ValueSource(doubles = {-7200, -60, 60, 7200})
    void givenANodeWhoseClockIsOff_thenTimesAreMovedToOurs(double skew) {
        assertThat(times(NOON_S + skew, NOON_S + skew - 1)).containsExactly(NOON.minusSeconds(1));
    }

    @Test
    void givenABatchThatWaited_thenTimesKeepTheirDistance() {
        assertThat(times(NOON_S, NOON_S - 300, NOON_S - 200))
                .containsExactly(NOON.minusSeconds(300), NOON.minusSeconds(200));
    }

    @Test
    void givenTimesFromOutsideOfTheContainersLife_thenTheyAreMovedIntoIt() {
        assertThat(times(NOON_S, 0, NOON_S + 1)).containsExactly(MORNING, NOON);
    }

    @Test
    void givenALongText_thenItIsCutBetweenCharacters() {
        var text = "x".repeat(LogBatch.MAX_PIECE_CHARS - 1) + "😀" + "y";
        var pieces = new LogBatch(NOON_S, List.of(new LogBatch.Chunk(NOON_S, 1, text))).pieces(MORNING, NOON);
        assertThat(pieces).hasSize(2).extracting(Logs.Piece::content).allMatch(LogBatchTest::isWellFormed);
        assertThat(pieces.get(0).content() + pieces.get(1).content()).isEqualTo(text);
    }

    @Test
    void givenNothingWritten_thenNothingIsKept() {
        assertThat(new LogBatch(NOON_S, List.of(new LogBatch.Chunk(NOON_S, 1, ""))).pieces(MORNING, NOON))
                .isEmpty();
    }

    @Test
    void givenNonsense_thenItIsRefused() {
        assertThatThrownBy(() -> new LogBatch(NOON_S, null)).isInstanceOf(ProblemException.class);
        assertThatThrownBy(() -> new LogBatch(Double.NaN, List.of())).isInstanceOf(ProblemException.class);
        assertThatThrownBy(() -> new LogBatch.Chunk(NOON_S, 4, "x")).isInstanceOf(ProblemException.class);
        assertThatThrownBy(() -> new LogBatch.Chunk(NOON_S, 1, null)).isInstanceOf(ProblemException.class);
        assertThatThrownBy(() -> new LogBatch.Chunk(1e300, 1, "x")).isInstanceOf(ProblemException.class);
    }

    private static List<Instant> times(double sentAt, double... written) {
        var chunks = java.util.Arrays.stream(written)
                .mapToObj(at -> new LogBatch.Chunk(at, 1, "x"))
                .toList();
        return new LogBatch(sentAt, chunks)
                .pieces(MORNING, NOON).stream().map(Logs.Piece::at).toList();
    }

    private static boolean isWellFormed(String text) {
        return !Character.isHighSurrogate(text.charAt(text.length() - 1)) && !Character.isLowSurrogate(text.charAt(0));
    }
}
