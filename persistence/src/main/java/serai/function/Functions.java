// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.function;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import java.util.List;
import java.util.Optional;
import serai.app.App;
import serai.problem.Problem;
import serai.workspace.Tenant;

/** Functions and their definitions. */
@ApplicationScoped
@Transactional // reads too: without one the server shares an entity manager between threads
public class Functions {
    private final EntityManager em;

    @Inject
    public Functions(EntityManager em) {
        this.em = em;
    }

    public Functions() {
        this(null); // for the server's proxy
    }

    /** A function of the app under that name: the existing one if its id is given, otherwise a new one. */
    public Function reserve(App app, String name, Optional<String> existing) {
        if (existing.isPresent()) {
            var function = em.find(Function.class, existing.get());
            if (function == null || !function.appId().equals(app.id())) {
                throw Problem.FUNCTION_NOT_FOUND.because(
                        "Function '%s' is not part of app '%s'", existing.get(), app.id());
            }
            return function;
        }
        var function = new Function(app, name);
        em.persist(function);
        return function;
    }

    /** Keeps a new definition. It takes effect when the app is published. */
    public Definition define(Function function, Definition.Wire wire, Definition.Duties duties) {
        var definition = new Definition(function.id(), wire, duties);
        em.persist(definition);
        return definition;
    }

    /** @param wanted the definition's id; null for the one that was made last */
    Definition newest(Function function, String wanted) {
        return em.createQuery(
                        "from Definition d where d.functionId = :function and (:wanted is null or d.id = :wanted)"
                                + " order by d.createdAt desc",
                        Definition.class)
                .setParameter("function", function.id())
                .setParameter("wanted", wanted == null || wanted.isEmpty() ? null : wanted)
                .setMaxResults(1)
                .getResultStream()
                .findFirst()
                .orElseThrow(
                        () -> Problem.FUNCTION_NOT_DEFINED.because("Function '%s' has no definition", function.name()));
    }

    /** @throws serai.problem.ProblemException {@link Problem#FUNCTION_NOT_FOUND}, also for another workspace's */
    public Function get(Tenant tenant, String id) {
        var function = em.find(Function.class, id);
        if (function == null || !function.workspaceId().equals(tenant.workspaceId())) {
            throw Problem.FUNCTION_NOT_FOUND.because("Function '%s' not found", id);
        }
        return function;
    }

    /** For what acts on the platform's own behalf. */
    public Optional<Function> find(String id) {
        return Optional.ofNullable(em.find(Function.class, id));
    }

    public Definition definition(String id) {
        var definition = em.find(Definition.class, id);
        if (definition == null) {
            throw new IllegalStateException("definition " + id + " is referred to but not there");
        }
        return definition;
    }

    /** The present definitions of the app's functions; one that was only reserved has none. */
    public List<Definition> definitions(String appId) {
        return em.createQuery(
                        "select d from Function f join Definition d on d.id = f.definitionId where f.appId = :app",
                        Definition.class)
                .setParameter("app", appId)
                .getResultList();
    }

    /** In the order of their names. */
    public List<Function> list(Tenant tenant, int limit) {
        return em.createQuery("from Function f where f.workspaceId = :ws order by f.name, f.id", Function.class)
                .setParameter("ws", tenant.workspaceId())
                .setMaxResults(limit)
                .getResultList();
    }

    public List<Function> of(String appId) {
        return em.createQuery("from Function f where f.appId = :app order by f.name", Function.class)
                .setParameter("app", appId)
                .getResultList();
    }
}
