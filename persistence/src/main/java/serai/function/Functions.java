// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.function;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
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

    /** As it is now, and until the end of the transaction. */
    Function hold(String id) {
        var function = em.find(Function.class, id);
        em.refresh(function, LockModeType.PESSIMISTIC_WRITE);
        return function;
    }

    Optional<Function> variant(String baseId, Binding binding) {
        return em.createQuery("from Function f where f.baseId = :base and f.binding = :binding", Function.class)
                .setParameter("base", baseId)
                .setParameter("binding", binding.digest())
                .getResultStream()
                .findFirst();
    }

    Function reserveVariant(Function base, Binding binding) {
        var variant = new Function(base, binding);
        em.persist(variant);
        return variant;
    }

    /** In the order in which they were first asked for. @param after the last of the page before; empty for the first */
    public List<Function> variants(Function base, String after, int limit) {
        return em.createQuery("from Function f where f.baseId = :base and f.id > :after order by f.id", Function.class)
                .setParameter("base", base.id())
                .setParameter("after", after)
                .setMaxResults(limit)
                .getResultList();
    }

    List<Function> variantsWithOptions(Function base) {
        return em.createQuery("from Function f where f.baseId = :base and f.options is not null", Function.class)
                .setParameter("base", base.id())
                .getResultList();
    }

    /** Those that ask for nothing else run by the base's own definition. */
    void runPlainVariants(Function base, Definition definition) {
        em.createQuery(
                        "update Function f set f.definitionId = :definition where f.baseId = :base and f.options is null")
                .setParameter("definition", definition.id())
                .setParameter("base", base.id())
                .executeUpdate();
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

    /**
     * By which it runs.
     *
     * @throws serai.problem.ProblemException {@link Problem#FUNCTION_NOT_DEFINED} until its app is published
     */
    public Definition current(Function function) {
        if (function.definitionId() == null) {
            throw Problem.FUNCTION_NOT_DEFINED.because("Function '%s' is not published yet", function.name());
        }
        return definition(function.definitionId());
    }

    public Definition definition(String id) {
        var definition = em.find(Definition.class, id);
        if (definition == null) {
            throw new IllegalStateException("definition " + id + " is referred to but not there");
        }
        return definition;
    }

    /** The present definitions of the app's functions, without variants; one that was only reserved has none. */
    public List<Definition> definitions(String appId) {
        return em.createQuery(
                        "select d from Function f join Definition d on d.id = f.definitionId"
                                + " where f.appId = :app and f.baseId is null",
                        Definition.class)
                .setParameter("app", appId)
                .getResultList();
    }

    /** Without variants and what is the platform's, in the order of their names. */
    public List<Function> list(Tenant tenant, int limit) {
        return em.createQuery(
                        "from Function f where f.workspaceId = :ws and f.baseId is null"
                                + " and not exists (select 1 from App a where a.id = f.appId and a.internal)"
                                + " order by f.name, f.id",
                        Function.class)
                .setParameter("ws", tenant.workspaceId())
                .setMaxResults(limit)
                .getResultList();
    }

    /** Without variants. */
    public List<Function> of(String appId) {
        return em.createQuery(
                        "from Function f where f.appId = :app and f.baseId is null order by f.name", Function.class)
                .setParameter("app", appId)
                .getResultList();
    }
}
