// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.log;

import jakarta.ws.rs.QueryParam;
import java.util.List;
import serai.problem.Problem;

/** What a request for logs asks, as it came. */
public class LogQuery {
    static final int MAX = 1_000;

    private static final int DEFAULT = 200;
    private static final int MAX_SEARCH = 1_000;
    private static final List<String> STREAMS = List.of("all", "stdout", "stderr", "system");

    @QueryParam("cursor")
    private String cursor;

    @QueryParam("limit")
    private String limit;

    @QueryParam("stream")
    private String stream;

    @QueryParam("search")
    private String search;

    @QueryParam("follow")
    private String follow;

    /** @return the place after which to begin, 0 for the beginning */
    long after() {
        if (cursor == null || cursor.isEmpty()) {
            return 0;
        }
        if (!cursor.matches("\\d{1,18}")) {
            throw Problem.INVALID_ARGUMENT.because("cursor \"%s\": not one that logs gave", cursor);
        }
        return Long.parseLong(cursor);
    }

    int limit() {
        if (limit == null) {
            return DEFAULT;
        }
        if (!limit.matches("\\d{1,4}") || Integer.parseInt(limit) < 1 || Integer.parseInt(limit) > MAX) {
            throw Problem.INVALID_ARGUMENT.because("limit \"%s\": a number from 1 to %s is needed", limit, MAX);
        }
        return Integer.parseInt(limit);
    }

    /** @return 0 for all of them */
    int stream() {
        if (stream == null) {
            return 0;
        }
        int number = STREAMS.indexOf(stream);
        if (number < 0) {
            throw Problem.INVALID_ARGUMENT.because("stream \"%s\": one of %s is needed", stream, STREAMS);
        }
        return number;
    }

    /** @return empty for every line */
    String search() {
        if (search == null) {
            return "";
        }
        if (search.length() > MAX_SEARCH || search.indexOf('\0') >= 0) {
            throw Problem.INVALID_ARGUMENT.because(
                    "search: at most %s characters are allowed, without U+0000", MAX_SEARCH);
        }
        return search;
    }

    boolean follow() {
        if (follow == null || follow.equals("false")) {
            return false;
        }
        if (!follow.equals("true")) {
            throw Problem.INVALID_ARGUMENT.because("follow \"%s\": true or false is needed", follow);
        }
        return true;
    }
}
