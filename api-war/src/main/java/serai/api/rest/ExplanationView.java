// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import serai.cluster.Shortage;
import serai.explain.Explanation;
import serai.explain.Explanations;
import serai.explain.Situation;

/**
 * Why a call is where it is.
 *
 * @param sentence for people
 * @param ahead inputs that wait before it
 * @param pool null while nothing was asked of the cluster for the function
 * @param shortage null unless the cluster has no place
 * @param cluster what the cluster answered when it could not be asked; null while it answers
 */
public record ExplanationView(
        String call,
        Explanation.Cause cause,
        String sentence,
        int ahead,
        ContainerCounts containers,
        Situation.Pool pool,
        Shortage shortage,
        String cluster) {

    /** @param ready those that take work; {@code busy} of them have some */
    public record ContainerCounts(int ready, int busy, int starting, int draining) {}

    static ExplanationView of(String call, Explanations.Explained explained) {
        var seen = explained.situation();
        return new ExplanationView(
                call,
                explained.explanation().cause(),
                explained.explanation().sentence(),
                seen.ahead(),
                new ContainerCounts(seen.ready(), seen.busy(), seen.starting(), seen.draining()),
                seen.pool(),
                seen.shortage().orElse(null),
                seen.cluster().orElse(null));
    }
}
