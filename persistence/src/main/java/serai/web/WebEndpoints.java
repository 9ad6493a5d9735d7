// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.web;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.mapper.RowMapper;
import serai.function.Definition;

/** The names under which published functions are called by HTTP. */
@ApplicationScoped
public class WebEndpoints {
    private static final RowMapper<WebEndpoint> ENDPOINT = (row, context) -> new WebEndpoint(
            row.getString("name"),
            row.getString("workspace_id"),
            row.getString("environment_id"),
            row.getString("app_id"),
            row.getString("app_name"),
            row.getString("function"),
            row.getString("function_name"),
            row.getString("method"),
            row.getString("definition_id"),
            WebRulesOfFunctions.read(row));

    /** Of apps that run, by the definitions that they run by. Who defined last comes first: it has the name. */
    private static final String LIVE = """
            select e.name, e.method, e.definition_id, f.id as function, f.name as function_name, f.workspace_id,
                f.environment_id, f.app_id, coalesce(a.name, a.description) as app_name, r.*
            from web_endpoint e
            join definition d on d.id = e.definition_id
            join function f on f.id = d.function_id and f.definition_id = d.id
            left join web_rules r on r.function_id = f.id
            join app a on a.id = f.app_id and a.state not in ('STOPPING', 'STOPPED')
            where exists (select 1 from app_object o where o.app_id = a.id and o.version = a.version
                and o.kind = 'FUNCTION' and o.object_id = f.id) and %s
            order by d.created_at desc, e.definition_id limit :limit""";

    private final EntityManager entities;
    private final Jdbi jdbi;

    @Inject
    public WebEndpoints(EntityManager entities, Jdbi jdbi) {
        this.entities = entities;
        this.jdbi = jdbi;
    }

    public WebEndpoints() {
        this(null, null); // for the server's proxy
    }

    /** Who is called by that name now. */
    public Optional<WebEndpoint> find(String name) {
        return jdbi.withHandle(handle -> handle.createQuery(LIVE.formatted("e.name = :name"))
                .bind("name", name)
                .bind("limit", 1)
                .map(ENDPOINT)
                .findOne());
    }

    /** Those of one app. */
    public List<WebEndpoint> ofApp(String appId, int limit) {
        return jdbi.withHandle(handle -> handle.createQuery(LIVE.formatted("a.id = :app"))
                .bind("app", appId)
                .bind("limit", limit)
                .map(ENDPOINT)
                .list());
    }

    /** The names of a new definition. They count as soon as it is published. */
    @Transactional(Transactional.TxType.MANDATORY)
    public void declare(String definitionId, String method, Collection<String> names) {
        entities.flush(); // the definition is an entity
        jdbi.useHandle(handle -> {
            for (var name : names) {
                handle.createUpdate(
                                "insert into web_endpoint (definition_id, method, name) values (:definition, :method, :name)")
                        .bind("definition", definitionId)
                        .bind("method", method)
                        .bind("name", name)
                        .execute();
            }
        });
    }

    /** A definition that repeats another one is called by the same names. */
    @Transactional(Transactional.TxType.MANDATORY)
    public void repeat(Definition former, Definition definition) {
        entities.flush(); // the definition is an entity
        jdbi.useHandle(handle -> handle.createUpdate("""
                        insert into web_endpoint (definition_id, method, name)
                        select :definition, method, name from web_endpoint where definition_id = :former""")
                .bind("definition", definition.id())
                .bind("former", former.id())
                .execute());
    }

    /**
     * Which label an endpoint gets. A label that the user chose moves from app to app of its workspace; others give way.
     *
     * @param chosen whether the user asked for this base by name
     */
    public Claim claim(Claimant claimant, String space, String base, String suffix, boolean chosen) {
        var plain = Label.of(space, base, suffix);
        var holder = find(plain.text()).filter(other -> !claimant.is(other));
        if (holder.isEmpty()) {
            return new Claim(plain, false);
        }
        if (chosen && holder.get().workspaceId().equals(claimant.workspaceId())) {
            return new Claim(plain, true);
        }
        return new Claim(Label.of(space, base, suffix, claimant.toString()), false);
    }

    /** @param stolen whether another app is called by it until this one is published */
    public record Claim(Label label, boolean stolen) {}

    /** Who asks for a name. Apps of one name in one environment are one: each run of a client makes a new one. */
    public record Claimant(String workspaceId, String environmentId, String appName, String functionName) {
        private boolean is(WebEndpoint other) {
            return workspaceId.equals(other.workspaceId())
                    && environmentId.equals(other.environmentId())
                    && appName.equals(other.appName())
                    && functionName.equals(other.functionName());
        }
    }
}
