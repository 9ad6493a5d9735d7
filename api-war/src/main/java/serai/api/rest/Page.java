// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import java.util.List;
import java.util.function.Function;
import java.util.function.IntFunction;
import serai.problem.Problem;

/**
 * The first of many.
 *
 * @param more whether there are others that the limit left out
 * @param next the {@code cursor} that the following page is asked for with; null where there is none, or where a list
 *     goes no further than its limit
 */
public record Page<T>(List<T> items, boolean more, String next) {
    static final int DEFAULT = 100;
    static final int MAX = 500;

    /**
     * @param limit of the request, as it came; null for {@link #DEFAULT}
     * @param read the first so many, in order
     * @throws serai.problem.ProblemException {@link Problem#INVALID_ARGUMENT} for a limit out of bounds
     */
    static <E, T> Page<T> of(String limit, IntFunction<List<E>> read, Function<E, T> view) {
        return of(limit, read, view, last -> null);
    }

    /** @param cursor of the element after which the next page begins */
    static <E, T> Page<T> of(String limit, IntFunction<List<E>> read, Function<E, T> view, Function<E, String> cursor) {
        int size = parse(limit);
        var found = read.apply(size + 1);
        boolean more = found.size() > size;
        return new Page<>(
                found.stream().limit(size).map(view).toList(), more, more ? cursor.apply(found.get(size - 1)) : null);
    }

    static int parse(String limit) {
        if (limit == null) {
            return DEFAULT;
        }
        if (!limit.matches("\\d{1,3}") || Integer.parseInt(limit) < 1 || Integer.parseInt(limit) > MAX) {
            throw Problem.INVALID_ARGUMENT.because("limit \"%s\": a number from 1 to %s is needed", limit, MAX);
        }
        return Integer.parseInt(limit);
    }
}
