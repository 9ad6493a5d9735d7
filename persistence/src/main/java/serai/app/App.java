// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.app;

import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.Id;
import java.time.Instant;
import serai.id.NewId;
import serai.problem.Problem;
import serai.workspace.Environment;

/** A named set of functions, or the nameless one of a single {@code modal run}. */
@Entity
public class App {
    @Id
    private String id;

    private String workspaceId;
    private String environmentId;
    private String name;
    private String description;

    @Enumerated(EnumType.STRING)
    private State state;

    private int version;
    private Instant createdAt;
    private Instant deployedAt;
    private Instant stoppedAt;
    private Instant heartbeatAt;

    protected App() {} // JPA

    public App(Environment environment, String description, State state, Instant now) {
        this.id = NewId.of("ap");
        this.workspaceId = environment.workspaceId();
        this.environmentId = environment.id();
        this.description = description;
        this.state = state;
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

    /** @return null for an app that was not deployed */
    public String name() {
        return name;
    }

    public String description() {
        return description;
    }

    public State state() {
        return state;
    }

    /** @return of the last publication; 0 before the first */
    public int version() {
        return version;
    }

    public Instant createdAt() {
        return createdAt;
    }

    /** @return null before the first deployment */
    public Instant deployedAt() {
        return deployedAt;
    }

    /** @return null while it is not stopped */
    public Instant stoppedAt() {
        return stoppedAt;
    }

    /** @return when its client was heard last; a deployed or detached app needs none */
    public Instant heartbeatAt() {
        return heartbeatAt;
    }

    public void heartbeat(Instant now) {
        heartbeatAt = now;
    }

    void publish(String newName, State newState, Instant now) {
        mustRun();
        version++;
        if (newState != null) {
            state = newState;
        }
        if (state == State.DEPLOYED) {
            name = newName;
            deployedAt = now;
        }
    }

    void detach() {
        state = State.DETACHED_DISCONNECTED;
    }

    void stop(Instant now) {
        if (state.runs()) {
            state = State.STOPPING;
            stoppedAt = now;
        }
    }

    void stopped() {
        state = State.STOPPED;
    }

    /** @throws serai.problem.ProblemException {@link Problem#APP_STOPPED} */
    public void mustRun() {
        if (!state.runs()) {
            throw Problem.APP_STOPPED.because("App '%s' is stopped", name == null ? id : name);
        }
    }

    /** Of an app. The names are the client protocol's. */
    public enum State {
        INITIALIZING,
        EPHEMERAL,
        DETACHED,
        DETACHED_DISCONNECTED,
        DEPLOYED,
        STOPPING,
        STOPPED;

        public boolean runs() {
            return this != STOPPING && this != STOPPED;
        }
    }
}
