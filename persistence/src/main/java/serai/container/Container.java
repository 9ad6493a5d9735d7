// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.container;

import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.Id;
import java.time.Instant;
import serai.id.NewId;
import serai.id.Secret;
import serai.pool.Pool;
import serai.pool.PoolId;

/** One running copy of a function. */
@Entity
public class Container {
    @Id
    private String id;

    private String workspaceId;
    private String environmentId;
    private String appId;
    private String functionId;
    private String poolId;
    private String allocationId;
    private int ordinal;
    private String node;
    private byte[] secretHash;

    @Enumerated(EnumType.STRING)
    private State state = State.STARTING;

    private Instant createdAt;
    private Instant readyAt;
    private Instant heartbeatAt;
    private Instant idleSince;
    private Instant endedAt;
    private Integer exitCode;
    private String reason = "";

    protected Container() {} // JPA

    Container(Pool pool, String allocationId, int ordinal, String node, String secret, Instant now) {
        this.id = NewId.of("ta");
        this.workspaceId = pool.workspaceId();
        this.environmentId = pool.environmentId();
        this.appId = pool.appId();
        this.functionId = pool.functionId();
        this.poolId = pool.id().value();
        this.allocationId = allocationId;
        this.ordinal = ordinal;
        this.node = node;
        this.secretHash = Secret.hash(secret);
        this.createdAt = now;
        this.heartbeatAt = now;
    }

    public String id() {
        return id;
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

    public PoolId poolId() {
        return new PoolId(poolId);
    }

    public String allocationId() {
        return allocationId;
    }

    /** @return its place in the pool, from 0: the highest falls idle first and goes first */
    public int ordinal() {
        return ordinal;
    }

    public String node() {
        return node;
    }

    public State state() {
        return state;
    }

    public Instant createdAt() {
        return createdAt;
    }

    /** @return when it first asked for work; null before */
    public Instant readyAt() {
        return readyAt;
    }

    public Instant heartbeatAt() {
        return heartbeatAt;
    }

    /** @return null while it works or has not begun to wait */
    public Instant idleSince() {
        return idleSince;
    }

    public Instant endedAt() {
        return endedAt;
    }

    /** @return null while it runs, or when it did not end by itself */
    public Integer exitCode() {
        return exitCode;
    }

    public String reason() {
        return reason;
    }

    public boolean accepts(String secret) {
        return state != State.ENDED && knows(secret);
    }

    /** @return whether it is this container's secret, also after its end: its last words come late */
    public boolean knows(String secret) {
        return Secret.matches(secret, secretHash);
    }

    void end(Integer code, String why, Instant now) {
        if (state != State.ENDED) {
            state = State.ENDED;
            exitCode = code;
            reason = why;
            endedAt = now;
        }
    }

    /** {@code ACTIVE} from its first request for work; a {@code DRAINING} one claims no more. */
    public enum State {
        STARTING,
        ACTIVE,
        DRAINING,
        ENDED
    }
}
