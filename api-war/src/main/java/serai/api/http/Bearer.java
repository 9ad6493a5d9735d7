// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.http;

import java.util.Optional;
import java.util.regex.Pattern;
import serai.problem.Problem;

/** What stands behind {@code Authorization: Bearer}. */
public record Bearer(String token) {
    private static final Pattern HEADER = Pattern.compile("(?i:bearer) +([\\x21-\\x7e]{1,4096}) *");

    /**
     * @param header null if there was none
     * @throws serai.problem.ProblemException {@link Problem#UNAUTHENTICATED} if it is missing or of another kind
     */
    public static Bearer of(String header) {
        if (header == null) {
            throw Problem.UNAUTHENTICATED.because("the header Authorization: Bearer … is missing");
        }
        var match = HEADER.matcher(header);
        if (!match.matches()) {
            throw Problem.UNAUTHENTICATED.because("the header Authorization has to be: Bearer, a space, a token");
        }
        return new Bearer(match.group(1));
    }

    /** @return id and secret of a token that consists of both; empty for another */
    public Optional<Pair> pair() {
        int dot = token.indexOf('.');
        return dot < 1 || dot == token.length() - 1
                ? Optional.empty()
                : Optional.of(new Pair(token.substring(0, dot), token.substring(dot + 1)));
    }

    /** A token that names its owner. */
    public record Pair(String id, String secret) {
        @Override
        public String toString() {
            return id; // logs are read by many
        }
    }

    @Override
    public String toString() {
        return "Bearer";
    }
}
