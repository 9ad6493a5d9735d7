// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.runner;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import serai.log.Logs;
import serai.problem.Problem;

/**
 * What a container wrote, by its node's clock.
 *
 * @param sentAt seconds since 1970 by the clock that the chunks' times are from
 */
public record LogBatch(double sentAt, List<Chunk> chunks) {
    static final int MAX_CHUNKS = 20_000;
    static final int MAX_PIECE_CHARS = 64 << 10;

    /** Less may be the way of the request itself; correcting it would move what was written to a later input. */
    static final Duration TOLERANCE = Duration.ofSeconds(2);

    public LogBatch {
        if (chunks == null || chunks.size() > MAX_CHUNKS) {
            throw Problem.INVALID_ARGUMENT.because("chunks: a list of at most %s is needed", MAX_CHUNKS);
        }
        instant(sentAt);
    }

    /**
     * @param at seconds since 1970
     * @param fd 1 stdout, 2 stderr, 3 the runner itself
     */
    public record Chunk(double at, int fd, String data) {
        public Chunk {
            if (fd < 1 || fd > 3 || data == null) {
                throw Problem.INVALID_ARGUMENT.because("a chunk has an fd from 1 to 3 and data");
            }
            instant(at);
        }
    }

    /**
     * The same by our clock, neither before the container was there nor in the future.
     *
     * @param from when the container was let in
     */
    List<Logs.Piece> pieces(Instant from, Instant now) {
        var skew = skew(now);
        var pieces = new ArrayList<Logs.Piece>(chunks.size());
        for (var chunk : chunks) {
            var at = between(from, instant(chunk.at).plus(skew), now);
            for (var text : split(chunk.data)) {
                pieces.add(new Logs.Piece(at, chunk.fd, text));
            }
        }
        return pieces;
    }

    private Duration skew(Instant now) {
        var difference = Duration.between(instant(sentAt), now);
        return difference.abs().compareTo(TOLERANCE) <= 0 ? Duration.ZERO : difference;
    }

    private static Instant between(Instant from, Instant at, Instant to) {
        var notEarly = at.isBefore(from) ? from : at;
        return notEarly.isAfter(to) ? to : notEarly;
    }

    private static Instant instant(double seconds) {
        if (!(seconds >= 0 && seconds < 1e11)) {
            throw Problem.INVALID_ARGUMENT.because("%s is no time in seconds since 1970", seconds);
        }
        long whole = (long) seconds;
        return Instant.ofEpochSecond(whole, (long) ((seconds - whole) * 1e9));
    }

    /** So that one message to a client holds at least one piece. A character of two units stays whole. */
    private static List<String> split(String text) {
        if (text.length() <= MAX_PIECE_CHARS) {
            return text.isEmpty() ? List.of() : List.of(text);
        }
        var pieces = new ArrayList<String>();
        for (int begin = 0, end; begin < text.length(); begin = end) {
            end = Math.min(text.length(), begin + MAX_PIECE_CHARS);
            if (end < text.length() && Character.isHighSurrogate(text.charAt(end - 1))) {
                end--;
            }
            pieces.add(text.substring(begin, end));
        }
        return pieces;
    }
}
