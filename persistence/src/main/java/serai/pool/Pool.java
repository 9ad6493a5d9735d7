// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.pool;

import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.Id;
import java.time.Instant;
import java.util.Optional;
import org.hibernate.annotations.DynamicUpdate;
import serai.function.Definition;
import serai.function.Function;
import serai.id.NewId;

/**
 * What scales: one definition of a function at one GPU rank, one job of the cluster. Several change it at the same time, each something
 * else: only what was changed is written.
 */
@Entity
@DynamicUpdate
public class Pool {
    @Id
    private String id;

    private String workspaceId;
    private String environmentId;
    private String appId;
    private String functionId;
    private String definitionId;
    private int rank;
    private String queueId;
    private String secret;

    @Enumerated(EnumType.STRING)
    private State state = State.ACTIVE;

    private int size;
    private boolean declared;
    private int failures;
    private String reason = "";
    private Instant reasonAt = Instant.EPOCH;
    private int unplaced;
    private String unplacedReason = "";
    private Instant unplacedSince;
    private Instant closedUntil;
    private Instant gaveUpAt;

    protected Pool() {} // JPA

    /** @param first the pool of rank 0; null for itself */
    Pool(Function function, Definition definition, int rank, Pool first) {
        this.rank = rank;
        this.queueId = first == null ? null : first.id;
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

    /** @return which of the definition's GPUs its containers have, from 0 for the most wanted */
    public int rank() {
        return rank;
    }

    /** @return the pool whose inputs its containers work on: itself, or that of rank 0 */
    public PoolId queue() {
        return new PoolId(queueId == null ? id : queueId);
    }

    /** Present while some of its containers find no place in the cluster. */
    public Optional<Unplaced> unplaced() {
        return unplaced == 0 ? Optional.empty() : Optional.of(new Unplaced(unplaced, unplacedReason, unplacedSince));
    }

    /** @return until when others are asked instead of it; the past if they are not */
    public Instant closedUntil() {
        return closedUntil == null ? Instant.EPOCH : closedUntil;
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

    /** @return whether the cluster may know its job: it does since the pool's first need of a container */
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

    /** Present when its starts have failed too often; it says when. */
    public Optional<Instant> gaveUpAt() {
        return Optional.ofNullable(gaveUpAt);
    }

    void gaveUp(Instant now) {
        gaveUpAt = now;
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

    void unplaced(int containers, String why, Instant now) {
        if (unplaced == 0) {
            unplacedSince = now;
        }
        unplaced = containers;
        unplacedReason = why;
    }

    void placed() {
        unplaced = 0;
        unplacedReason = "";
        unplacedSince = null;
    }

    void close(Instant until) {
        closedUntil = until;
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
        placed();
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
