// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.app;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.transaction.Transactional;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import serai.problem.Problem;
import serai.signal.Signals;
import serai.signal.Topic;
import serai.workspace.Environment;
import serai.workspace.Tenant;

/** Apps and their publications. */
@ApplicationScoped
@Transactional // reads too: without one the server shares an entity manager between threads
public class Apps {
    private static final String FUNCTION = "FUNCTION";
    private static final String CLASS = "CLASS";

    private final EntityManager em;
    private final Signals signals;

    @Inject
    public Apps(EntityManager em, Signals signals) {
        this.em = em;
        this.signals = signals;
    }

    public Apps() {
        this(null, null); // for the server's proxy
    }

    /** @throws serai.problem.ProblemException {@link Problem#ENVIRONMENT_NOT_FOUND} if it was deleted meanwhile */
    public App create(Environment environment, String description, App.State state, Instant now) {
        Environment.keep(em, environment);
        var app = new App(environment, description, state, now);
        em.persist(app);
        return app;
    }

    /** For the platform's own work: no list of apps shows it. It ends after a while unless it is published. */
    public App createInternal(Environment environment, String description, Instant now) {
        Environment.keep(em, environment);
        var app = App.internal(environment, description, now);
        em.persist(app);
        return app;
    }

    /** @throws serai.problem.ProblemException {@link Problem#APP_NOT_FOUND}, also for another workspace's */
    public App get(Tenant tenant, String id) {
        var app = em.find(App.class, id);
        if (app == null || !app.workspaceId().equals(tenant.workspaceId())) {
            throw Problem.APP_NOT_FOUND.because("App '%s' not found", id);
        }
        return app;
    }

    /** For what acts on the platform's own behalf. */
    public Optional<App> find(String id) {
        return Optional.ofNullable(em.find(App.class, id));
    }

    public Optional<App> deployed(Environment environment, String name) {
        return em.createQuery(
                        "from App a where a.environmentId = :environment and a.name = :name and a.state = DEPLOYED",
                        App.class)
                .setParameter("environment", environment.id())
                .setParameter("name", name)
                .getResultStream()
                .findFirst();
    }

    /** The deployed app of that name, or a new one that is about to be. Two first deployments make one app. */
    public App deployable(Environment environment, String name, Instant now) {
        Environment.hold(em, environment);
        return deployed(environment, name).orElseGet(() -> create(environment, name, App.State.INITIALIZING, now));
    }

    /** The one of that name that was stopped last. */
    public Optional<App> stoppedBefore(Environment environment, String name) {
        return em.createQuery(
                        "from App a where a.environmentId = :environment and a.name = :name and a.state <> DEPLOYED"
                                + " order by a.stoppedAt desc",
                        App.class)
                .setParameter("environment", environment.id())
                .setParameter("name", name)
                .setMaxResults(1)
                .getResultStream()
                .findFirst();
    }

    /** Newest first. */
    public List<App> list(Tenant tenant, Optional<Environment> environment, int limit) {
        return em.createQuery(
                        "from App a where a.workspaceId = :ws and not a.internal"
                                + " and (:environment is null or a.environmentId = :environment)"
                                + " order by a.createdAt desc, a.id",
                        App.class)
                .setParameter("ws", tenant.workspaceId())
                .setParameter("environment", environment.map(Environment::id).orElse(null))
                .setMaxResults(limit)
                .getResultList();
    }

    public void heartbeat(Tenant tenant, String id, Instant now) {
        get(tenant, id).heartbeat(now);
    }

    /**
     * Makes a layout the app's current one, under a new version number.
     *
     * @param state null to keep the present one
     * @param definitions function id → definition id
     * @throws serai.problem.ProblemException {@link Problem#CLASS_NOT_FOUND} for a class of another app
     */
    public App publish(
            Tenant tenant, String id, Publication publication, Map<String, String> definitions, Instant now) {
        var app = hold(tenant, id, publication);
        app.publish(publication.name(), publication.state(), now);
        em.persist(new AppVersion(app, publication, now));
        publication
                .layout()
                .functions()
                .forEach((tag, function) ->
                        em.persist(new AppObject(app, FUNCTION, tag, function, definitions.get(function))));
        publication
                .layout()
                .classes()
                .forEach((tag, clazz) -> em.persist(
                        new AppObject(app, CLASS, tag, classOf(app, clazz).id(), null)));
        return app;
    }

    /**
     * As it is now, and until the end of the transaction: publications, rollouts, firings and the end of one app take turns. Held are
     * an environment before its apps, an app before its schedules, and those before its functions.
     *
     * @throws serai.problem.ProblemException {@link Problem#APP_NOT_FOUND}, also for another workspace's
     */
    public App hold(Tenant tenant, String id) {
        return hold(get(tenant, id));
    }

    /** As {@link #hold(Tenant, String)}, for what acts on the platform's own behalf. */
    public Optional<App> hold(String id) {
        return find(id).map(this::hold);
    }

    /**
     * As {@link #hold(Tenant, String)}, with the name that it is to be deployed under.
     *
     * @throws serai.problem.ProblemException {@link Problem#APP_NOT_FOUND}, {@link Problem#APP_NAME_TAKEN}
     */
    public App hold(Tenant tenant, String id, Publication publication) {
        var app = get(tenant, id);
        if (publication.state() == App.State.DEPLOYED) {
            mustBeFree(app, publication.name());
        }
        return hold(app);
    }

    private App hold(App app) {
        em.flush(); // it may be made by this very transaction
        em.refresh(app, LockModeType.PESSIMISTIC_WRITE);
        return app;
    }

    /** Two first deployments of one name: the second one to be published has lost. */
    private void mustBeFree(App app, String name) {
        var environment = Environment.hold(em, em.find(Environment.class, app.environmentId()));
        deployed(environment, name)
                .filter(other -> !other.id().equals(app.id()))
                .ifPresent(other -> {
                    throw Problem.APP_NAME_TAKEN.because(
                            "App '%s' was deployed by somebody else at the same time: deploy again", name);
                });
    }

    /** Newest first: those that run, and those that were stopped since. */
    public List<App> list(Environment environment, Instant stoppedSince, int limit) {
        return em.createQuery(
                        "from App a where a.environmentId = :environment and not a.internal"
                                + " and (a.state <> STOPPED or a.stoppedAt >= :since) order by a.createdAt desc, a.id",
                        App.class)
                .setParameter("environment", environment.id())
                .setParameter("since", stoppedSince)
                .setMaxResults(limit)
                .getResultList();
    }

    /** Those of the environment that run. */
    public List<App> running(Environment environment) {
        return em.createQuery(
                        "from App a where a.environmentId = :environment and a.state not in (STOPPING, STOPPED)",
                        App.class)
                .setParameter("environment", environment.id())
                .getResultList();
    }

    /** All of its labels: what is not there goes. */
    public void label(Tenant tenant, String id, Map<String, String> tags) {
        get(tenant, id).label(tags);
    }

    /** A class of the app: the existing one if its id is given, otherwise a new one. */
    public AppClass reserveClass(App app, Optional<String> existing) {
        if (existing.isPresent()) {
            return classOf(app, existing.get());
        }
        var created = new AppClass(app);
        em.persist(created);
        return created;
    }

    private AppClass classOf(App app, String id) {
        var found = em.find(AppClass.class, id);
        if (found == null || !found.appId().equals(app.id())) {
            throw Problem.CLASS_NOT_FOUND.because("Class '%s' is not part of app '%s'", id, app.id());
        }
        return found;
    }

    /** Newest first. @param before only versions below it */
    public List<AppVersion> versions(App app, int before, int limit) {
        return em.createQuery(
                        "from AppVersion v where v.key.appId = :app and v.key.version < :before"
                                + " order by v.key.version desc",
                        AppVersion.class)
                .setParameter("app", app.id())
                .setParameter("before", before)
                .setMaxResults(limit)
                .getResultList();
    }

    /** @throws serai.problem.ProblemException {@link Problem#VERSION_NOT_FOUND} */
    public AppVersion version(App app, int version) {
        var found = em.find(AppVersion.class, new AppVersion.Key(app.id(), version));
        if (found == null) {
            throw Problem.VERSION_NOT_FOUND.because(
                    "app '%s' has no version %d; its newest is %d",
                    app.name() == null ? app.id() : app.name(), version, app.version());
        }
        return found;
    }

    /** @return of the last publication; empty before the first */
    public Layout layout(App app) {
        return layout(app, app.version());
    }

    /** @return function id → definition id, as that version was published with */
    public Map<String, String> definitions(App app, int version) {
        var definitions = new HashMap<String, String>();
        for (var object : objects(app, version)) {
            if (object.kind().equals(FUNCTION)) {
                definitions.put(object.objectId(), object.definitionId());
            }
        }
        return definitions;
    }

    private List<AppObject> objects(App app, int version) {
        return em.createQuery("from AppObject o where o.key.appId = :app and o.key.version = :version", AppObject.class)
                .setParameter("app", app.id())
                .setParameter("version", version)
                .getResultList();
    }

    /** @return of one publication */
    public Layout layout(App app, int version) {
        var objects = objects(app, version);
        var functions = new HashMap<String, String>();
        var classes = new HashMap<String, String>();
        for (var object : objects) {
            (object.kind().equals(FUNCTION) ? functions : classes).put(object.tag(), object.objectId());
        }
        return new Layout(functions, classes);
    }

    /** The client of a detached app has gone; the app goes on. */
    public void detach(Tenant tenant, String id) {
        hold(tenant, id).detach();
    }

    /** Begins the end: no new calls; containers are stopped by whoever scales. */
    public void stop(String id, Instant now) {
        hold(id).ifPresent(app -> app.stop(now));
        signals.afterCommit(Topic.app(id));
    }

    /** The end: nothing of it runs any more. */
    public void stopped(String id) {
        hold(id).ifPresent(App::stopped);
        signals.afterCommit(Topic.app(id));
    }

    public List<App> stopping() {
        return em.createQuery("from App a where a.state = STOPPING", App.class).getResultList();
    }

    /** Apps that live by their client's heartbeat. */
    public List<App> heartbeating() {
        return em.createQuery("from App a where a.state in (INITIALIZING, EPHEMERAL)", App.class)
                .getResultList();
    }

    /**
     * What a client publishes.
     *
     * @param name under which a deployed app is found; empty for others
     * @param state null to keep the present one
     * @param tag the deployer's own version label, or empty
     */
    public record Publication(
            String name, App.State state, String tag, String clientVersion, Layout layout, Origin origin) {
        public Publication(String name, App.State state, String tag, String clientVersion, Layout layout) {
            this(name, state, tag, clientVersion, layout, Origin.UNKNOWN);
        }
    }

    /**
     * Where a publication is from.
     *
     * @param rollbackOf the version that it repeats; null for none
     * @param commitInfo the client's own message; null if it did not say
     */
    @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
    public record Origin(Integer rollbackOf, byte[] commitInfo) {
        public static final Origin UNKNOWN = new Origin(null, null);
    }
}
