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
import serai.call.Output;
import serai.signal.Signals;
import serai.signal.Topic;

/**
 * Whose call it is and of which kind never changes. One that was forgotten meanwhile, which is over, is answered like one
 * without results for as long as this is remembered, and then like one that never was.
 */
@ApplicationScoped
class KnownCalls {
    private static final int REMEMBERED = 10_000;

    /** Far below the time for which calls are kept. */
    private static final Duration FORGOTTEN = Duration.ofMinutes(5);

    private final Cache<String, KnownCall> known = Caffeine.newBuilder()
            .expireAfterWrite(FORGOTTEN)
            .maximumSize(REMEMBERED)
            .executor(Runnable::run) // a common pool's threads would outlive the application
            .build();

    private final Calls calls;

    @Inject
    KnownCalls(Calls calls, Signals signals) {
        this.calls = calls;
        signals.onRing(this::heard);
    }

    KnownCalls() {
        this.calls = null; // for the server's proxy
    }

    /** @throws serai.problem.ProblemException CALL_NOT_FOUND, also for another workspace's */
    KnownCall of(Caller caller, String id) {
        var seen = known.getIfPresent(id);
        if (seen != null && seen.workspaceId().equals(caller.tenant().workspaceId())) {
            return seen;
        }
        var call = calls.get(caller.tenant(), id);
        var found = new KnownCall(call.id(), call.workspaceId(), call.kind(), false);
        known.put(id, found);
        return found;
    }

    /** To be called before its input is there, which may have a result at once. One that does not begin then is asked for by nobody. */
    void begin(String id, String workspaceId, FunctionCall.Kind kind) {
        known.put(id, new KnownCall(id, workspaceId, kind, true));
    }

    private void heard(Topic topic) {
        if (topic.kind() == Topic.Kind.CALL) {
            var call = known.getIfPresent(topic.id());
            if (call != null) {
                call.heard();
            }
        }
    }

    /** A container's result is committed, and those who wait for it are about to be woken. */
    void delivered(String id, Output output) {
        var call = known.getIfPresent(id);
        if (call != null) {
            call.delivered(output);
        }
    }
}
