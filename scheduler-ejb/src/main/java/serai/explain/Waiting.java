// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.explain;

import java.time.Instant;
import serai.explain.Explanation.Cause;

/** The decision. No clock, no database. */
public final class Waiting {
    private Waiting() {}

    public static Explanation explain(Situation seen, Instant now) {
        if (seen.call().isFinal() || seen.input().isEmpty()) {
            return because(
                    Cause.OVER,
                    seen.call().isFinal()
                            ? "The call is over: it %s.".formatted(ended(seen))
                            : "Every input that was given has its result; the caller may send more.");
        }
        var input = seen.input().get();
        if (input.containerId() != null && input.finishedAt() == null && isRunning(seen)) {
            return because(
                    Cause.RUNNING,
                    "Container %s works on it since %s, attempt %d."
                            .formatted(input.containerId(), input.claimedAt(), input.attempt()));
        }
        if (!seen.appRuns()) {
            return because(Cause.APP_STOPPED, "The app is being stopped: the call will be terminated.");
        }
        if (input.availableAt().isAfter(now)) {
            return because(
                    Cause.RETRY_DELAYED,
                    "Attempt %d failed; the next one begins at %s, as the function's retries ask for."
                            .formatted(input.attempt(), input.availableAt()));
        }
        return seen.pool() == null
                ? because(Cause.NOTHING_ASKED, "No container has been asked of the cluster for this function yet.")
                : ofPool(seen, seen.pool());
    }

    private static boolean isRunning(Situation seen) {
        return seen.input().get().state() == serai.call.InputProgress.State.RUNNING;
    }

    private static String ended(Situation seen) {
        return switch (seen.call()) {
            case SUCCEEDED -> "succeeded";
            case FAILED -> "failed";
            case CANCELLED -> "was cancelled";
            case PENDING, RUNNING -> throw new IllegalArgumentException("not over");
        };
    }

    private static Explanation ofPool(Situation seen, Situation.Pool pool) {
        if (seen.ready() > 0) {
            return besideReady(seen, pool);
        }
        if (seen.cluster().isPresent()) {
            return because(
                    Cause.CLUSTER_SILENT,
                    "No container is there, and the cluster cannot be asked for one: %s."
                            .formatted(seen.cluster().get()));
        }
        if (seen.starting() > 0) {
            return because(
                    Cause.CONTAINER_STARTING,
                    "%s starting; %s before this call.".formatted(containers(seen.starting()), inputs(seen.ahead())));
        }
        if (seen.shortage().isPresent()) {
            var shortage = seen.shortage().get();
            return because(
                    Cause.NO_PLACE,
                    "The cluster has no place for %d of the pool's containers%s since %s: %s."
                            .formatted(
                                    shortage.missing(),
                                    pool.gpu()
                                            .map(gpu -> ", which need %s each,".formatted(gpu))
                                            .orElse(""),
                                    shortage.since(),
                                    shortage.reason()));
        }
        if (pool.failures() > 0) {
            return because(
                    Cause.STARTS_FAIL,
                    "The last %d starts of a container failed: %s.".formatted(pool.failures(), pool.reason()));
        }
        if (pool.size() > 0) {
            return because(
                    Cause.CONTAINER_ASKED,
                    "%s asked of the cluster at %s and have not come yet: %s."
                            .formatted(containers(pool.size()), pool.reasonAt(), pool.reason()));
        }
        return because(
                Cause.NOTHING_ASKED,
                "No container is there; what was decided last, at %s: %s.".formatted(pool.reasonAt(), pool.reason()));
    }

    private static Explanation besideReady(Situation seen, Situation.Pool pool) {
        if (seen.busy() < seen.ready()) {
            return because(
                    Cause.ABOUT_TO_BE_TAKEN,
                    "%s free; %s before this call."
                            .formatted(containers(seen.ready() - seen.busy()), inputs(seen.ahead())));
        }
        var all = "All %d containers are busy, with up to %d inputs each; %s before this call"
                .formatted(seen.ready(), pool.concurrency(), inputs(seen.ahead()));
        if (seen.ready() >= pool.maxContainers()) {
            return because(
                    Cause.CONTAINERS_BUSY_AT_MAX,
                    "%s. There are no more: max_containers is %d.".formatted(all, pool.maxContainers()));
        }
        var more = seen.shortage()
                .map(shortage -> "the cluster has no place for more: " + shortage.reason())
                .orElse("%d more are starting".formatted(seen.starting()));
        return because(Cause.CONTAINERS_BUSY, "%s; %s.".formatted(all, more));
    }

    private static String containers(int count) {
        return count == 1 ? "1 container is" : count + " containers are";
    }

    private static String inputs(int count) {
        return count == 1 ? "1 input is" : count + " inputs are";
    }

    private static Explanation because(Cause cause, String sentence) {
        return new Explanation(cause, sentence.replace("..", "."));
    }
}
