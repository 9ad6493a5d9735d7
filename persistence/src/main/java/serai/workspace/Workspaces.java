// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.workspace;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.transaction.Transactional;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import serai.id.NewId;
import serai.problem.Problem;

/** Workspaces, their environments and tokens. */
@ApplicationScoped
@Transactional // reads too: without one the server shares an entity manager between threads
public class Workspaces {
    private static final String STANDARD_ENVIRONMENT = "main";
    private static final java.util.regex.Pattern NAME =
            java.util.regex.Pattern.compile("[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?");
    private static final java.util.regex.Pattern ENVIRONMENT =
            java.util.regex.Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,63}");

    private final EntityManager em;

    @Inject
    public Workspaces(EntityManager em) {
        this.em = em;
    }

    public Workspaces() {
        this(null); // for the server's proxy
    }

    /** A new token of the workspace, which is made with its standard environment if it is not there. */
    public NewToken issueToken(String workspaceName) {
        if (!NAME.matcher(workspaceName).matches()) {
            throw Problem.INVALID_ARGUMENT.because(
                    "workspace name \"%s\": 1 to 63 lower-case letters, digits and dashes are allowed", workspaceName);
        }
        var tenant = findByName(workspaceName).orElseGet(() -> create(workspaceName));
        var token = new NewToken(NewId.of("ak"), NewId.of("as"), tenant);
        em.persist(new ApiToken(token.id(), tenant, token.secret()));
        return token;
    }

    /** @return whom the token acts for now; empty if it is unknown, wrong or revoked ({@link Tokens} remembers) */
    public Optional<Tenant> authenticate(String tokenId, String secret) {
        return Optional.ofNullable(em.find(ApiToken.class, tokenId))
                .filter(token -> token.accepts(secret))
                .map(token -> em.find(Workspace.class, token.workspaceId()).tenant());
    }

    /** For what is known to belong to a workspace. */
    public Tenant tenant(String workspaceId) {
        return em.find(Workspace.class, workspaceId).tenant();
    }

    public Environment environment(String id) {
        return em.find(Environment.class, id);
    }

    /** @param name empty for the standard one */
    public Environment environment(Tenant tenant, String name) {
        return find(tenant, name)
                .orElseThrow(() -> Problem.ENVIRONMENT_NOT_FOUND.because("Environment '%s' not found", name));
    }

    /** @param name empty for the standard one */
    public Optional<Environment> find(Tenant tenant, String name) {
        return em.createQuery(
                        "from Environment e where e.workspaceId = :ws and e.deletedAt is null"
                                + " and (e.name = :name or :name = '' and e.standard = true)",
                        Environment.class)
                .setParameter("ws", tenant.workspaceId())
                .setParameter("name", name)
                .getResultStream()
                .findFirst();
    }

    /** @throws serai.problem.ProblemException {@link Problem#ENVIRONMENT_EXISTS} */
    public Environment createEnvironment(Tenant tenant, String name) {
        mustBeFree(tenant, name);
        return made(tenant, name);
    }

    /**
     * The one of that name, which is made if it is not there.
     *
     * @param name empty for the standard one
     */
    public Environment environmentOrNew(Tenant tenant, String name) {
        return find(tenant, name).orElseGet(() -> {
            mustBeName(name);
            alone(tenant);
            return find(tenant, name).orElseGet(() -> made(tenant, name));
        });
    }

    private Environment made(Tenant tenant, String name) {
        var environment = new Environment(tenant, name, false);
        em.persist(environment);
        return environment;
    }

    /** @throws serai.problem.ProblemException {@link Problem#ENVIRONMENT_NOT_FOUND}, {@link Problem#ENVIRONMENT_EXISTS} */
    public Environment renameEnvironment(Tenant tenant, String name, String to) {
        alone(tenant);
        var environment = environment(tenant, name);
        if (!environment.name().equals(to)) {
            mustBeFree(tenant, to);
            environment.rename(to);
        }
        return environment;
    }

    /**
     * Nothing can be looked up or made in it from here on; to end what runs there is the caller's, who sees all of it.
     *
     * @throws serai.problem.ProblemException {@link Problem#ENVIRONMENT_NEEDED} for the standard one
     */
    public Environment deleteEnvironment(Tenant tenant, String name, Instant now) {
        alone(tenant);
        var environment =
                Environment.hold(em, environment(tenant, name)); // whoever makes something in it is waited for
        if (environment.isStandard()) {
            throw Problem.ENVIRONMENT_NEEDED.because(
                    "Environment '%s' is meant where a request names none: it cannot be deleted", environment.name());
        }
        environment.delete(now);
        return environment;
    }

    private void mustBeFree(Tenant tenant, String name) {
        mustBeName(name);
        alone(tenant);
        if (find(tenant, name).isPresent()) {
            throw Problem.ENVIRONMENT_EXISTS.because("Environment '%s' already exists", name);
        }
    }

    /** Two who make, rename or delete an environment at one moment take turns. */
    private void alone(Tenant tenant) {
        em.lock(em.find(Workspace.class, tenant.workspaceId()), LockModeType.PESSIMISTIC_WRITE);
    }

    private static void mustBeName(String name) {
        if (!ENVIRONMENT.matcher(name).matches()) {
            throw Problem.INVALID_ARGUMENT.because(
                    "environment name \"%s\": 1 to 64 letters, digits, \"_\", \"-\" and \".\" are allowed, a letter or digit first",
                    name);
        }
    }

    /** @throws serai.problem.ProblemException {@link Problem#TOKEN_NOT_FOUND}, also for another workspace's */
    public ApiToken token(Tenant tenant, String id) {
        var token = em.find(ApiToken.class, id);
        if (token == null || !token.workspaceId().equals(tenant.workspaceId())) {
            throw Problem.TOKEN_NOT_FOUND.because("Token '%s' not found", id);
        }
        return token;
    }

    /** It is felt within {@link Tokens#REMEMBERED}. */
    public void revoke(Tenant tenant, String id, Instant now) {
        token(tenant, id).revoke(now);
    }

    /** By name, without the deleted ones. */
    public List<Environment> present(Tenant tenant) {
        return environments(tenant).stream().filter(e -> !e.isDeleted()).toList();
    }

    /** By name, the deleted ones too: apps of theirs can still be looked at. */
    public List<Environment> environments(Tenant tenant) {
        return em.createQuery("from Environment e where e.workspaceId = :ws order by e.name", Environment.class)
                .setParameter("ws", tenant.workspaceId())
                .getResultList();
    }

    private Optional<Tenant> findByName(String name) {
        return em.createQuery("from Workspace w where w.name = :name", Workspace.class)
                .setParameter("name", name)
                .getResultStream()
                .findFirst()
                .map(Workspace::tenant);
    }

    private Tenant create(String name) {
        int made = em.createNativeQuery(
                        "insert into workspace (id, name) values (:id, :name) on conflict (name) do nothing")
                .setParameter("id", NewId.of("ws"))
                .setParameter("name", name)
                .executeUpdate();
        var tenant = findByName(name).orElseThrow();
        if (made > 0) { // not by somebody else at this moment
            em.persist(new Environment(tenant, STANDARD_ENVIRONMENT, true));
        }
        return tenant;
    }

    /** The only moment at which the secret is known. */
    public record NewToken(String id, String secret, Tenant tenant) {}
}
