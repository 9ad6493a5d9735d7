// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import serai.call.Calls;
import serai.call.FunctionCall;

/**
 * Whose call it is and of which kind never changes. One that was forgotten meanwhile, which is over, is answered like one
 * without results for as long as this is remembered, and then like one that never was.
 */
@ApplicationScoped
class KnownCalls {
    private static final int REMEMBERED = 10_000;

    /** Far below the time for which calls are kept. */
    private static final Duration FORGOTTEN = Duration.ofMinutes(5);

    private final Cache<String, Known> known = Caffeine.newBuilder()
            .expireAfterWrite(FORGOTTEN)
            .maximumSize(REMEMBERED)
            .executor(Runnable::run) // a common pool's threads would outlive the application
            .build();

    private final Calls calls;

    record Known(String id, String workspaceId, FunctionCall.Kind kind) {}

    @Inject
    KnownCalls(Calls calls) {
        this.calls = calls;
    }

    KnownCalls() {
        this(null); // for the server's proxy
    }

    /** @throws serai.problem.ProblemException CALL_NOT_FOUND, also for another workspace's */
    Known of(Caller caller, String id) {
        var seen = known.getIfPresent(id);
        if (seen != null && seen.workspaceId.equals(caller.tenant().workspaceId())) {
            return seen;
        }
        var call = calls.get(caller.tenant(), id);
        return started(call.id(), call.workspaceId(), call.kind());
    }

    Known started(String id, String workspaceId, FunctionCall.Kind kind) {
        var call = new Known(id, workspaceId, kind);
        known.put(id, call);
        return call;
    }
}
