// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.workspace;

import jakarta.persistence.Entity;
import jakarta.persistence.EntityManager;
import jakarta.persistence.Id;
import jakarta.persistence.LockModeType;
import java.time.Instant;
import serai.id.NewId;
import serai.problem.Problem;

/** A name space inside a workspace. */
@Entity
public class Environment {
    @Id
    private String id;

    private String workspaceId;
    private String name;
    private boolean standard;
    private Instant createdAt;
    private Instant deletedAt;

    protected Environment() {} // JPA

    Environment(Tenant tenant, String name, boolean standard) {
        this.id = NewId.of("en");
        this.workspaceId = tenant.workspaceId();
        this.name = name;
        this.standard = standard;
        this.createdAt = Instant.now();
    }

    /**
     * As it is now, and until the end of the transaction.
     *
     * @throws serai.problem.ProblemException {@link Problem#ENVIRONMENT_NOT_FOUND} if it was deleted meanwhile
     */
    public static Environment hold(EntityManager em, Environment known) {
        return locked(em, known, LockModeType.PESSIMISTIC_WRITE);
    }

    /**
     * It is not deleted until the end of the transaction. Others may keep it, too, and whoever {@link #hold holds} it waits for all of them.
     *
     * @throws serai.problem.ProblemException {@link Problem#ENVIRONMENT_NOT_FOUND} if it was deleted meanwhile
     */
    public static void keep(EntityManager em, Environment known) {
        locked(em, known, LockModeType.PESSIMISTIC_READ);
    }

    private static Environment locked(EntityManager em, Environment known, LockModeType mode) {
        var name = known.name; // it may be that very object
        var environment = em.find(Environment.class, known.id);
        em.refresh(environment, mode);
        if (environment.isDeleted()) {
            throw Problem.ENVIRONMENT_NOT_FOUND.because("Environment '%s' not found", name);
        }
        return environment;
    }

    public Instant createdAt() {
        return createdAt;
    }

    boolean isDeleted() {
        return deletedAt != null;
    }

    void rename(String to) {
        name = to;
    }

    void delete(Instant now) {
        deletedAt = now;
        name = id; // another may have it
    }

    public String id() {
        return id;
    }

    public String workspaceId() {
        return workspaceId;
    }

    public String name() {
        return name;
    }

    /** @return whether it is meant when a request names none */
    public boolean isStandard() {
        return standard;
    }
}
