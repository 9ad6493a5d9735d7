// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.pool;

import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.Id;
import java.time.Instant;
import serai.function.Definition;
import serai.function.Function;
import serai.id.NewId;

/** What scales: one definition of a function at one GPU rank, one job of the cluster. */
@Entity
public class Pool {
    @Id
    private String id;

    private String workspaceId;
    private String environmentId;
    private String appId;
    private String functionId;
    private String definitionId;
    private int rank;
    private String secret;

    @Enumerated(EnumType.STRING)
    private State state = State.ACTIVE;

    private int size;
    private boolean declared;
    private int failures;
    private String reason = "";
    private Instant reasonAt = Instant.EPOCH;

    protected Pool() {} // JPA

    Pool(Function function, Definition definition) {
        this.id = NewId.lowerCase("po");
        this.workspaceId = function.workspaceId();
        this.environmentId = function.environmentId();
        this.appId = function.appId();
        this.functionId = function.id();
        this.definitionId = definition.id();
        this.secret = NewId.of("ps");
    }

    public PoolId id() {
        return new PoolId(id);
    }

    public String workspaceId() {
        return workspaceId;
    }

    public String environmentId() {
        return environmentId;
    }

    public String appId() {
        return appId;
    }

    public String functionId() {
        return functionId;
    }

    public String definitionId() {
        return definitionId;
    }

    /** @return what proves that a runner belongs to this pool */
    public String secret() {
        return secret;
    }

    public State state() {
        return state;
    }

    /** @return the total that was asked of the cluster last */
    public int size() {
        return size;
    }

    /** @return whether the cluster knows its job */
    public boolean isDeclared() {
        return declared;
    }

    /** @return starts in a row that failed */
    public int failures() {
        return failures;
    }

    /** @return why it has its size, for people */
    public String reason() {
        return reason;
    }

    public Instant reasonAt() {
        return reasonAt;
    }

    void declared() {
        declared = true;
    }

    void resized(int total, String why, Instant now) {
        size = total;
        reason = why;
        reasonAt = now;
    }

    void explain(String why, Instant now) {
        if (!reason.equals(why)) {
            reason = why;
            reasonAt = now;
        }
    }

    void startFailed(String why, Instant now) {
        failures++;
        explain(why, now);
    }

    void startSucceeded() {
        failures = 0;
    }

    void drain() {
        if (state == State.ACTIVE) {
            state = State.DRAINING;
        }
    }

    void gone(Instant now) {
        state = State.GONE;
        resized(0, "removed", now);
        declared = false;
    }

    /** {@code DRAINING}: finishes what it has, takes nothing new. {@code GONE}: the cluster has forgotten it. */
    public enum State {
        ACTIVE,
        DRAINING,
        GONE
    }
}
