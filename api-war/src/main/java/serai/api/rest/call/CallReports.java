// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.call;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.Optional;
import serai.call.CallProgress;
import serai.call.Calls;
import serai.call.FunctionCall;
import serai.call.InputProgress;
import serai.signal.Signals;
import serai.signal.Topic;
import serai.workspace.Tenant;

/** What is told of one call, at once or when it is over. */
@ApplicationScoped
public class CallReports {
    private final Calls calls;
    private final Results results;
    private final Signals signals;

    @Inject
    public CallReports(Calls calls, Results results, Signals signals) {
        this.calls = calls;
        this.results = results;
        this.signals = signals;
    }

    public CallReports() {
        this(null, null, null); // for the server's proxy
    }

    /** @throws serai.problem.ProblemException {@link serai.problem.Problem#CALL_NOT_FOUND} */
    public CallDetail of(Tenant tenant, String callId) {
        var progress = calls.progress(tenant, callId);
        if (progress.call().kind() == FunctionCall.Kind.MAP) {
            return CallDetail.of(progress, Optional.empty(), Optional.empty());
        }
        Optional<InputProgress> input = calls.input(callId, 0);
        Optional<Result> result = progress.state().isFinal()
                ? calls.outputsBetween(callId, 0, 0, 1).stream()
                        .findFirst()
                        .map(output -> results.of(tenant, callId, output))
                : Optional.empty();
        return CallDetail.of(progress, input, result);
    }

    /** Blocks until the call is over, and no longer than the limit. Not inside of a transaction. */
    public CallDetail await(Tenant tenant, String callId, Duration limit) throws InterruptedException {
        long end = System.nanoTime() + limit.toNanos();
        try (var waiter = signals.listen(Topic.call(callId))) {
            while (!isOver(tenant, callId)) {
                long left = end - System.nanoTime();
                if (left <= 0 || signals.haveEnded()) {
                    break;
                }
                waiter.await(Duration.ofNanos(left));
            }
        }
        return of(tenant, callId);
    }

    private boolean isOver(Tenant tenant, String callId) {
        CallProgress seen = calls.progress(tenant, callId);
        return seen.state().isFinal();
    }
}
