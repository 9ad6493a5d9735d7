// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.workspace;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
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
        var wanted = name.isEmpty() ? STANDARD_ENVIRONMENT : name;
        return em.createQuery("from Environment e where e.workspaceId = :ws and e.name = :name", Environment.class)
                .setParameter("ws", tenant.workspaceId())
                .setParameter("name", wanted)
                .getResultStream()
                .findFirst()
                .orElseThrow(() -> Problem.ENVIRONMENT_NOT_FOUND.because("Environment '%s' not found", wanted));
    }

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
        var workspace = new Workspace(name);
        em.persist(workspace);
        em.persist(new Environment(workspace.tenant(), STANDARD_ENVIRONMENT, true));
        return workspace.tenant();
    }

    /** The only moment at which the secret is known. */
    public record NewToken(String id, String secret, Tenant tenant) {}
}
