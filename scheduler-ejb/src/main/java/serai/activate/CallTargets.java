// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.activate;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import serai.app.Apps;
import serai.call.Calls;
import serai.call.Target;
import serai.function.Functions;
import serai.pool.Pools;
import serai.problem.Problem;
import serai.workspace.Tenant;

/** Where inputs of a function go, for every edge. */
@ApplicationScoped
public class CallTargets {
    private static final int REMEMBERED = 10_000;
    private static final Duration FORGOTTEN = Duration.ofMinutes(5);

    private final Cache<Key, Target> seen = Caffeine.newBuilder()
            .expireAfterAccess(FORGOTTEN)
            .maximumSize(REMEMBERED)
            .executor(Runnable::run) // a common pool's threads would outlive the application
            .build();

    private final Calls calls;
    private final Pools pools;
    private final Functions functions;
    private final Apps apps;

    @Inject
    public CallTargets(Calls calls, Pools pools, Functions functions, Apps apps) {
        this.calls = calls;
        this.pools = pools;
        this.functions = functions;
        this.apps = apps;
    }

    public CallTargets() {
        this(null, null, null, null); // for the server's proxy
    }

    private record Key(String workspaceId, String functionId) {}

    /**
     * As it was seen last, for whoever notices that it changed: the deployment of another version, the end of its app.
     *
     * @return as {@link #look}, if nobody has looked yet
     */
    public Target remembered(Tenant tenant, String functionId) {
        var before = seen.getIfPresent(new Key(tenant.workspaceId(), functionId));
        return before == null ? look(tenant, functionId) : before;
    }

    /**
     * The pool is there from the publication on, but for one that has gone since; then it is made again, which takes a
     * transaction.
     *
     * @throws serai.problem.ProblemException as {@link #look}
     */
    public Target of(Tenant tenant, String functionId) {
        return withPool(tenant, look(tenant, functionId));
    }

    /**
     * Of a function that is an HTTP server: where its requests go.
     *
     * @throws serai.problem.ProblemException {@link Problem#FUNCTION_NOT_FOUND}, {@link Problem#APP_STOPPED}, {@link
     *     Problem#FUNCTION_NOT_DEFINED}
     */
    public Target ofServer(Tenant tenant, String functionId) {
        return withPool(tenant, published(tenant, functionId));
    }

    private Target withPool(Tenant tenant, Target target) {
        if (target.poolId() == null) {
            var function = functions.get(tenant, target.functionId());
            if (!function.isPartOf(apps.layout(apps.get(tenant, function.appId())))) {
                throw Problem.FUNCTION_NOT_DEFINED.because(
                        "Function '%s' is no longer part of its app", function.name());
            }
            pools.of(function);
            return calls.target(tenant, target.functionId());
        }
        return target;
    }

    /**
     * One look, without a transaction.
     *
     * @return without a pool if that has gone
     * @throws serai.problem.ProblemException {@link Problem#FUNCTION_NOT_FOUND}, {@link Problem#APP_STOPPED}, {@link
     *     Problem#FUNCTION_NOT_DEFINED}, {@link Problem#FUNCTION_IS_SERVER}
     */
    public Target look(Tenant tenant, String functionId) {
        var target = published(tenant, functionId);
        if (target.serves()) {
            throw Problem.FUNCTION_IS_SERVER.because(
                    "'%s' is a server: it is asked by HTTP, at its URL", target.functionName());
        }
        if (target.poolId() != null) {
            seen.put(new Key(tenant.workspaceId(), functionId), target);
        }
        return target;
    }

    private Target published(Tenant tenant, String functionId) {
        var target = calls.target(tenant, functionId);
        if (!target.appState().runs()) {
            throw Problem.APP_STOPPED.because("The app of function '%s' is stopped", target.functionName());
        }
        if (target.definitionId() == null) {
            throw Problem.FUNCTION_NOT_DEFINED.because("Function '%s' is not published yet", target.functionName());
        }
        return target;
    }
}
