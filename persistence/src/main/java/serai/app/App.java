// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.app;

import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.Id;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.hibernate.annotations.DynamicUpdate;
import serai.id.NewId;
import serai.problem.Problem;
import serai.workspace.Environment;

/**
 * A named set of functions, or the nameless one of a single {@code modal run}. Its client, its deployers and its end change it at the same
 * time: only what was changed is written.
 */
@Entity
@DynamicUpdate
public class App {
    private static final int MAX_TAGS = 64;
    private static final Pattern TAG = Pattern.compile("[A-Za-z0-9_.-]{1,63}");

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

    /** Each a name, "=", a value. */
    private String[] tags = {};

    private boolean internal;

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

    /** One for the platform's own work, which no client keeps alive: it ends after a while unless it is published. */
    static App internal(Environment environment, String description, Instant now) {
        var app = new App(environment, description, State.INITIALIZING, now);
        app.internal = true;
        return app;
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

    /** @return whether the platform made it for its own work, so that users do not see it among theirs */
    public boolean internal() {
        return internal;
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

    /** @return the deployer's own labels */
    public Map<String, String> tags() {
        var labels = new TreeMap<String, String>();
        for (var tag : tags) {
            int equals = tag.indexOf('=');
            labels.put(tag.substring(0, equals), tag.substring(equals + 1));
        }
        return labels;
    }

    void label(Map<String, String> labels) {
        if (labels.size() > MAX_TAGS) {
            throw Problem.INVALID_ARGUMENT.because("%d tags, at most %d are allowed", labels.size(), MAX_TAGS);
        }
        labels.forEach((tag, value) -> {
            if (!TAG.matcher(tag).matches() || !TAG.matcher(value).matches()) {
                throw Problem.INVALID_ARGUMENT.because(
                        "tag \"%s\" with value \"%s\": 1 to 63 letters, digits, \"_\", \"-\" and \".\" are needed for each",
                        tag, value);
            }
        });
        tags = labels.entrySet().stream()
                .map(label -> label.getKey() + "=" + label.getValue())
                .sorted()
                .toArray(String[]::new);
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
        if (state == State.DETACHED) {
            state = State.DETACHED_DISCONNECTED;
        }
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
