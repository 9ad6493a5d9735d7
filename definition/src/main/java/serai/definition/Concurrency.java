// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.definition;

import modal.client.Function;
import serai.problem.Problem;

/** For how many inputs, or requests of a server, a pool has a container. */
final class Concurrency {
    /** Inputs that one container works on together, and inputs in one batch: what the client allows. */
    private static final int MOST_AT_ONCE = 1_000;

    private Concurrency() {}

    /**
     * The target where one is given: that is what a container should have, the maximum is for bursts. Batches are taken whole.
     *
     * @throws serai.problem.ProblemException {@link Problem#INVALID_ARGUMENT} out of what the client allows
     */
    static int of(Function function) {
        if (function.getIsServer()) {
            return ofServer(function);
        }
        int atOnce = function.getTargetConcurrentInputs() > 0
                ? function.getTargetConcurrentInputs()
                : Math.max(1, function.getMaxConcurrentInputs());
        return Math.multiplyExact(
                bounded("max_inputs", atOnce), bounded("max_batch_size", Math.max(1, function.getBatchMaxSize())));
    }

    /** Requests are counted in whole ones. Without a number, or for a target of 0, no request asks for a further container. */
    private static int ofServer(Function function) {
        var asked = function.getAutoscalerSettings();
        if (asked.hasTargetConcurrencyFloat()) {
            double target = asked.getTargetConcurrencyFloat();
            return target == 0
                    ? MOST_AT_ONCE
                    : bounded("target_concurrency", (int) Math.min(target, Integer.MAX_VALUE));
        }
        int most = function.getMaxConcurrentInputs();
        return most == 0 ? MOST_AT_ONCE : bounded("max_concurrency", most);
    }

    private static int bounded(String name, int value) {
        if (value < 1 || value > MOST_AT_ONCE) {
            throw Problem.INVALID_ARGUMENT.because(
                    "%s is %d: from 1 to %d are allowed", name, Integer.toUnsignedLong(value), MOST_AT_ONCE);
        }
        return value;
    }
}
