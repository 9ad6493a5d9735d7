// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.blob;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * One part of a blob, as RFC 9110 section 14 asks for it.
 *
 * @param first byte, from 0
 * @param last byte, included
 */
record ByteRange(long first, long last) {
    private static final Pattern SINGLE = Pattern.compile("bytes=(\\d{0,18})-(\\d{0,18})");

    /**
     * @param header null if there was none
     * @return empty where all of it is meant: also for several ranges and for what is no range, which a server may ignore
     */
    static Optional<ByteRange> of(String header, long size) {
        var match = SINGLE.matcher(header == null ? "" : header);
        if (!match.matches() || match.group(1).isEmpty() && match.group(2).isEmpty()) {
            return Optional.empty();
        }
        if (match.group(1).isEmpty()) {
            return Optional.of(new ByteRange(Math.max(0, size - Long.parseLong(match.group(2))), size - 1));
        }
        long first = Long.parseLong(match.group(1));
        if (match.group(2).isEmpty()) {
            return Optional.of(new ByteRange(first, size - 1));
        }
        long last = Long.parseLong(match.group(2));
        return last < first ? Optional.empty() : Optional.of(new ByteRange(first, Math.min(last, size - 1)));
    }

    /** @return whether there is anything of it */
    boolean isSatisfiable() {
        return first <= last;
    }

    long length() {
        return last - first + 1;
    }

    /** The header {@code Content-Range}. */
    String of(long size) {
        return "bytes %s-%s/%s".formatted(first, last, size);
    }
}
