// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import jakarta.enterprise.context.RequestScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import serai.api.http.Access;
import serai.api.http.Caller;
import serai.api.rest.json.Json;
import serai.secret.Secret;
import serai.secret.Secrets;
import serai.secret.Variables;
import serai.workspace.Environment;

/** Secrets: put in, listed by the names of their variables, taken away. What they hold is not told. */
@Path("secrets")
@Produces(MediaType.APPLICATION_JSON)
@Access(Access.By.TOKEN)
@RequestScoped
@Transactional
public class SecretsResource {
    private static final int MAX_VARIABLES = 1_000;
    private static final int MAX_VALUE = 128 << 10;

    private final Secrets secrets;
    private final AppRefs refs;
    private final Caller caller;
    private final InstantSource clock = InstantSource.system();

    @Inject
    public SecretsResource(Secrets secrets, AppRefs refs, Caller caller) {
        this.secrets = secrets;
        this.refs = refs;
        this.caller = caller;
    }

    public SecretsResource() {
        this(null, null, null); // for the server's proxy
    }

    @GET
    public Page<SecretView> list(@QueryParam("environment") String environment, @QueryParam("limit") String limit) {
        var where = refs.environment(caller.tenant(), environment);
        return Page.of(
                limit,
                size -> secrets.list(where, clock.instant().plusSeconds(1), size),
                secret -> SecretView.of(secret, where));
    }

    @GET
    @Path("{name}")
    public SecretView get(@PathParam("name") String name, @QueryParam("environment") String environment) {
        var where = refs.environment(caller.tenant(), environment);
        return SecretView.of(secrets.get(where, name), where);
    }

    /** All of its variables: what is not there goes. */
    @PUT
    @Path("{name}")
    @Consumes(MediaType.APPLICATION_JSON)
    public SecretView put(@PathParam("name") String name, @QueryParam("environment") String environment, byte[] body) {
        var fields = Json.read(body);
        var variables = new Variables(fields.texts("variables", MAX_VARIABLES, MAX_VALUE));
        fields.end();
        var where = refs.environment(caller.tenant(), environment);
        var secret = secrets.create(where, name, variables, Secrets.Existing.REPLACE, clock.instant());
        return SecretView.of(secret, where);
    }

    @DELETE
    @Path("{name}")
    public SecretView delete(@PathParam("name") String name, @QueryParam("environment") String environment) {
        var where = refs.environment(caller.tenant(), environment);
        var secret = secrets.get(where, name);
        secrets.delete(caller.tenant(), secret.id());
        return SecretView.of(secret, where);
    }

    /** @param variables their names, sorted */
    public record SecretView(
            String id, String name, String environment, List<String> variables, Instant createdAt, Instant lastUsedAt) {
        static SecretView of(Secret secret, Environment environment) {
            return new SecretView(
                    secret.id(),
                    secret.name(),
                    environment.name(),
                    secret.variables(),
                    secret.createdAt(),
                    secret.lastUsedAt());
        }
    }
}
