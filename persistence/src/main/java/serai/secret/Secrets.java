// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.secret;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.transaction.Transactional;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import serai.config.SecretConfig;
import serai.problem.Problem;
import serai.workspace.Environment;
import serai.workspace.Tenant;

/** Secrets. Values go in by everybody's door and out by {@link #variables} only, which is for containers. */
@ApplicationScoped
@Transactional // reads too: without one the server shares an entity manager between threads
public class Secrets {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]{1,64}");
    private static final int BATCH = 100;

    /** How long one without a name and without an app waits for a definition that refers to it. */
    private static final Duration UNCLAIMED = Duration.ofDays(1);

    private final EntityManager em;
    private final Optional<MasterKeys> keys;

    @Inject
    public Secrets(EntityManager em, SecretConfig config) {
        this.em = em;
        this.keys = config == null ? Optional.empty() : config.masterKeys().map(MasterKeys::parse);
    }

    public Secrets() {
        this(null, null); // for the server's proxy
    }

    /** What becomes of a secret that is there already. */
    public enum Existing {
        KEEP,
        REPLACE,
        REFUSE
    }

    /** @throws serai.problem.ProblemException {@link Problem#SECRET_EXISTS} where that is refused */
    public Secret create(Environment environment, String name, Variables variables, Existing existing, Instant now) {
        if (!NAME.matcher(name).matches()) {
            throw Problem.INVALID_SECRET.because(
                    "secret name \"%s\": 1 to 64 letters, digits, \"_\", \"-\" and \".\" are needed", name);
        }
        Environment.hold(em, environment); // two make one
        var before = find(environment, name);
        if (before.isEmpty()) {
            return keep(new Secret(environment, name, null, now), variables);
        }
        switch (existing) {
            case KEEP -> {}
            case REPLACE -> before.get().hold(variables, masterKeys());
            case REFUSE ->
                throw Problem.SECRET_EXISTS.because(
                        "Secret '%s' already exists in environment '%s'", name, environment.name());
        }
        return before.get();
    }

    /** One that only its id finds. @param appId with which it goes; null for one that a definition has to claim */
    public Secret createNameless(Environment environment, String appId, Variables variables, Instant now) {
        Environment.keep(em, environment);
        return keep(new Secret(environment, null, appId, now), variables);
    }

    private Secret keep(Secret secret, Variables variables) {
        secret.hold(variables, masterKeys());
        em.persist(secret);
        return secret;
    }

    private MasterKeys masterKeys() {
        return keys.orElseThrow(() -> Problem.SECRETS_UNAVAILABLE.because(
                "this server has no master key, so it keeps no secrets: set serai.secret.master-keys"));
    }

    private Optional<Secret> find(Environment environment, String name) {
        return em.createQuery("from Secret s where s.environmentId = :environment and s.name = :name", Secret.class)
                .setParameter("environment", environment.id())
                .setParameter("name", name)
                .getResultStream()
                .findFirst();
    }

    /** @throws serai.problem.ProblemException {@link Problem#SECRET_NOT_FOUND} */
    public Secret get(Environment environment, String name) {
        return find(environment, name)
                .orElseThrow(() -> Problem.SECRET_NOT_FOUND.because(
                        "Secret '%s' not found in environment '%s'", name, environment.name()));
    }

    /** @throws serai.problem.ProblemException {@link Problem#SECRET_INCOMPLETE} naming the variables that it does not have */
    public void mustHave(Secret secret, Set<String> required) {
        var missing = new TreeSet<>(required);
        secret.variables().forEach(missing::remove);
        if (!missing.isEmpty()) {
            throw Problem.SECRET_INCOMPLETE.because(
                    "Secret '%s' does not have %s",
                    secret.name() == null ? secret.id() : secret.name(), String.join(", ", missing));
        }
    }

    /** @throws serai.problem.ProblemException {@link Problem#SECRET_NOT_FOUND}, also for another workspace's */
    public Secret get(Tenant tenant, String id) {
        return mine(tenant, id, em.find(Secret.class, id));
    }

    private static Secret mine(Tenant tenant, String id, Secret secret) {
        if (secret == null || !secret.workspaceId().equals(tenant.workspaceId())) {
            throw Problem.SECRET_NOT_FOUND.because("Secret '%s' not found", id);
        }
        return secret;
    }

    /** That a function may have these. @throws serai.problem.ProblemException if one is not there, or all are too large */
    public void mustFit(Tenant tenant, List<String> ids) {
        int total =
                ids.stream().distinct().mapToInt(id -> get(tenant, id).size()).sum();
        if (total > Variables.MAX_BYTES) {
            throw Problem.INVALID_SECRET.because(
                    "the secrets of one function have %d bytes, at most %d are allowed", total, Variables.MAX_BYTES);
        }
    }

    /** Those with a name, newest first. @param before only those that were made earlier */
    public List<Secret> list(Environment environment, Instant before, int limit) {
        return em.createQuery(
                        "from Secret s where s.environmentId = :environment and s.name is not null and s.createdAt < :before"
                                + " order by s.createdAt desc, s.id",
                        Secret.class)
                .setParameter("environment", environment.id())
                .setParameter("before", before)
                .setMaxResults(limit)
                .getResultList();
    }

    /** With the environment goes what it keeps. */
    public void deleteAll(Environment environment) {
        em.createQuery("delete from Secret s where s.environmentId = :environment")
                .setParameter("environment", environment.id())
                .executeUpdate();
    }

    /** Sets single variables, and takes away those without a value. */
    public void update(Tenant tenant, String id, Map<String, Optional<String>> changes) {
        var secret = mine(tenant, id, em.find(Secret.class, id, LockModeType.PESSIMISTIC_WRITE));
        var values = new HashMap<>(secret.open(masterKeys()).values());
        changes.forEach(
                (name, value) -> value.ifPresentOrElse(given -> values.put(name, given), () -> values.remove(name)));
        secret.hold(new Variables(values), masterKeys());
    }

    /** A function that has it cannot start containers any more. */
    public void delete(Tenant tenant, String id) {
        em.remove(get(tenant, id));
    }

    /**
     * What a container is given, and nobody else. Of two values for one name the later one counts.
     *
     * @throws serai.problem.ProblemException {@link Problem#SECRET_NOT_FOUND} if one was deleted meanwhile
     */
    public Map<String, String> variables(Tenant tenant, List<String> ids, Instant now) {
        var variables = new HashMap<String, String>();
        for (var id : ids) {
            variables.putAll(get(tenant, id).open(masterKeys()).values());
        }
        use(ids, now);
        return variables;
    }

    /** Whoever writes one of them at the moment is neither waited for nor overwritten: many containers start with the same ones. */
    private void use(List<String> ids, Instant now) {
        em.createNativeQuery("""
                        update secret set last_used_at = :now
                        where id in (select id from secret where id = any(:ids) for no key update skip locked)""")
                .setParameter("now", now)
                .setParameter("ids", ids.toArray(String[]::new))
                .executeUpdate();
    }

    /** Forgets what no container will be given any more: the nameless ones of stopped apps, and those that nothing refers to. */
    public int forget(Instant now) {
        return em.createNativeQuery("""
                        delete from secret s where s.name is null and (
                            exists (select 1 from app a where a.id = s.app_id and a.state = 'STOPPED')
                            or s.app_id is null and s.created_at < :before
                                and not exists (select 1 from definition d where s.id = any(d.secrets)))""")
                .setParameter("before", now.minus(UNCLAIMED))
                .executeUpdate();
    }

    /** Puts some under the newest master key. @return how many; 0 when all are */
    public int rewrap() {
        if (keys.isEmpty()) {
            return 0;
        }
        var old = em.createQuery("from Secret s where s.sealed.keyId in :older order by s.id", Secret.class)
                .setParameter("older", keys.get().older())
                .setMaxResults(BATCH)
                .setLockMode(LockModeType.PESSIMISTIC_WRITE)
                .getResultList();
        old.forEach(secret -> secret.rewrap(keys.get()));
        return old.size();
    }
}
