// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.log;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * How much one container may write: so much at once, and so much more with each second (a token bucket). What is over it is
 * dropped, and the next that is kept says how much that was.
 */
public final class Allowance {
    private static final int PLATFORM = 3;

    private final int rate;
    private final int burst;
    private double left;
    private Instant seen;
    private long droppedLines;
    private long droppedChars;

    /**
     * @param rate characters per second
     * @param burst characters at once
     */
    public Allowance(int rate, int burst, Instant now) {
        this.rate = rate;
        this.burst = burst;
        this.left = burst;
        this.seen = now;
    }

    /** @return what is to be kept, in order */
    public synchronized List<Logs.Piece> admit(List<Logs.Piece> pieces, Instant now) {
        earn(now);
        var kept = new ArrayList<Logs.Piece>(pieces.size());
        for (var piece : pieces) {
            int length = piece.content().length();
            if (piece.stream() != PLATFORM && length > left) {
                droppedLines += Math.max(
                        1, piece.content().chars().filter(c -> c == '\n').count());
                droppedChars += length;
                continue;
            }
            left = Math.max(0, left - length);
            tellDropped(kept, piece.at());
            kept.add(piece);
        }
        if (pieces.isEmpty()) {
            tellDropped(kept, now);
        }
        return kept;
    }

    private void earn(Instant now) {
        if (now.isAfter(seen)) {
            left = Math.min(burst, left + rate * (Duration.between(seen, now).toMillis() / 1000.0));
            seen = now;
        }
    }

    private void tellDropped(List<Logs.Piece> kept, Instant at) {
        if (droppedLines > 0) {
            kept.add(new Logs.Piece(
                    at,
                    PLATFORM,
                    "%d lines (%d characters) of this container are not kept: it wrote more than %d characters a second%n"
                            .formatted(droppedLines, droppedChars, rate)));
            droppedLines = 0;
            droppedChars = 0;
        }
    }
}
