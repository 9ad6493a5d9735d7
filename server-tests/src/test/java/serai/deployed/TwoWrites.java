// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.deployed;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import serai.problem.Problem;
import serai.replay.Replays;
import serai.workspace.Workspaces;

/** One use case that writes both ways: an entity by JPA, a row by a statement. */
@ApplicationScoped
public class TwoWrites {
    private static final String METHOD = "TwoWrites";

    private final Workspaces workspaces;
    private final Replays replays;
    private final EntityManager entities;

    @Inject
    public TwoWrites(Workspaces workspaces, Replays replays, EntityManager entities) {
        this.entities = entities;
        this.workspaces = workspaces;
        this.replays = replays;
    }

    public TwoWrites() {
        this(null, null, null); // for the server's proxy
    }

    /** What is there. */
    public record Found(boolean entity, boolean row) {}

    @Transactional
    public void keep(String name) {
        workspaces.issueToken(name);
        replays.keep(key(name), new byte[] {1});
    }

    @Transactional
    public void keepAndFail(String name) {
        keep(name);
        throw new IllegalStateException("after both");
    }

    @Transactional
    public void keepAndRefuse(String name) {
        keep(name);
        throw Problem.INVALID_ARGUMENT.because("after both");
    }

    public void keepReplayWithoutTransaction(String name) {
        replays.keep(key(name), new byte[] {1});
    }

    @Transactional
    public Found found(String name) {
        var entity = entities.createQuery("select count(w) from Workspace w where w.name = :name", Long.class)
                .setParameter("name", name)
                .getSingleResult();
        return new Found(entity > 0, replays.find(key(name)).isPresent());
    }

    private static Replays.Key key(String name) {
        return new Replays.Key(name, METHOD, "key");
    }
}
