// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.server;

import java.util.List;
import serai.call.Claimed;
import serai.call.Outcome;
import serai.call.Result;
import serai.cluster.Allocation;
import serai.container.Container;
import serai.function.RetryPolicy;
import serai.id.NewId;
import serai.pool.Pool;

/** One place of a pool: a runner that presents itself, and its runtime. */
public final class TestContainer {
    private final TestServer server;
    private final Pool pool;
    private final Allocation allocation;
    private final String id;

    TestContainer(TestServer server, Pool pool, int ordinal) {
        this.server = server;
        this.pool = pool;
        this.allocation = server.cluster.at(pool.id(), ordinal);
        this.id = server.admissions
                .admit(pool.id(), pool.secret(), allocation.id(), ordinal, "node-1")
                .container()
                .id();
    }

    public String id() {
        return id;
    }

    public Allocation allocation() {
        return allocation;
    }

    public Container row() {
        return server.containers.find(id).orElseThrow();
    }

    public TestContainer ready() {
        server.containers.ready(id, server.now());
        return this;
    }

    public List<Claimed> claim() {
        return server.inputs.claim(pool.queue(), id, 1, NewId.of("key"));
    }

    public void finish(Claimed input) {
        server.inputs.accept(
                id,
                RetryPolicy.NONE,
                List.of(new Result(input.inputId(), input.attempt(), Outcome.SUCCESS, new byte[0])));
    }

    public boolean isTold() {
        return row().state() == Container.State.DRAINING;
    }

    /** The runner reports its end, then its allocation is over. */
    public void exit(int code) {
        server.departures.ended(id, code, code == 0 ? "ended" : "exited with code " + code);
        server.cluster.end(allocation.id(), code);
    }
}
