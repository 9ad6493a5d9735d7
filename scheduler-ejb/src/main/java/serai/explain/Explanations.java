// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.explain;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.util.Optional;
import serai.app.Apps;
import serai.call.CallProgress;
import serai.call.Calls;
import serai.call.InputProgress;
import serai.call.Inputs;
import serai.cluster.Cluster;
import serai.cluster.Shortage;
import serai.container.Container;
import serai.container.Containers;
import serai.function.Functions;
import serai.pool.PoolId;
import serai.pool.Pools;
import serai.problem.ProblemException;
import serai.workspace.Tenant;

/** Looks around a call. The cluster is asked outside of transactions, and only where its answer matters. */
@ApplicationScoped
public class Explanations {
    private final Calls calls;
    private final Inputs inputs;
    private final Apps apps;
    private final Pools pools;
    private final Functions functions;
    private final Containers containers;
    private final Cluster cluster;

    @Inject
    public Explanations(
            Calls calls,
            Inputs inputs,
            Apps apps,
            Pools pools,
            Functions functions,
            Containers containers,
            Cluster cluster) {
        this.calls = calls;
        this.inputs = inputs;
        this.apps = apps;
        this.pools = pools;
        this.functions = functions;
        this.containers = containers;
        this.cluster = cluster;
    }

    public Explanations() {
        this(null, null, null, null, null, null, null); // for the server's proxy
    }

    /** @throws ProblemException {@link serai.problem.Problem#CALL_NOT_FOUND} */
    public Explained of(Tenant tenant, String callId, Instant now) {
        var situation = look(calls.progress(tenant, callId));
        return new Explained(Waiting.explain(situation, now), situation);
    }

    /** The answer with what it was found in. */
    public record Explained(Explanation explanation, Situation situation) {}

    private Situation look(CallProgress progress) {
        var call = progress.call();
        Optional<InputProgress> input = calls.firstOpen(call.id()).flatMap(idx -> calls.input(call.id(), idx));
        boolean runs = apps.find(call.appId()).map(app -> app.state().runs()).orElse(false);
        var pool = input.map(i -> new PoolId(i.poolId())).flatMap(pools::find);
        if (pool.isEmpty()) {
            return new Situation(
                    progress.state(), input, 0, runs, null, 0, 0, 0, 0, Optional.empty(), Optional.empty());
        }
        var live = containers.live(pool.get().id());
        var duties = functions.definition(pool.get().definitionId()).duties();
        int ready = count(live, Container.State.ACTIVE);
        var silence = new StringBuilder();
        var shortage = shortage(pool.get().id(), silence);
        return new Situation(
                progress.state(),
                input,
                inputs.ahead(input.get().id()),
                runs,
                new Situation.Pool(
                        pool.get().id().value(),
                        pool.get().size(),
                        duties.gpu(pool.get().rank()),
                        duties.autoscaler().maxContainers(),
                        duties.concurrency(),
                        pool.get().failures(),
                        pool.get().reason(),
                        pool.get().reasonAt()),
                ready,
                count(live, Container.State.STARTING),
                (int) live.stream()
                        .filter(c -> c.state() == Container.State.ACTIVE && c.idleSince() == null)
                        .count(),
                count(live, Container.State.DRAINING),
                shortage,
                silence.isEmpty() ? Optional.empty() : Optional.of(silence.toString()));
    }

    private Optional<Shortage> shortage(PoolId pool, StringBuilder silence) {
        try {
            return cluster.shortage(pool);
        } catch (ProblemException e) { // that it does not answer is part of the answer
            silence.append(e.getMessage());
            return Optional.empty();
        }
    }

    private static int count(java.util.List<Container> live, Container.State state) {
        return (int) live.stream().filter(c -> c.state() == state).count();
    }
}
