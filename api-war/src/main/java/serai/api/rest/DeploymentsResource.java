// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import jakarta.enterprise.context.RequestScoped;
import jakarta.inject.Inject;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.EntityPart;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.net.URI;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Supplier;
import serai.activate.Publisher;
import serai.api.http.Access;
import serai.api.http.Caller;
import serai.api.rest.deployment.Deployer;
import serai.api.rest.deployment.DeploymentRequest;
import serai.api.rest.deployment.Upload;
import serai.api.rest.once.IdempotencyKey;
import serai.api.rest.once.Once;
import serai.app.App;
import serai.app.Apps;
import serai.function.Deployments;
import serai.problem.Problem;

/** Versions of an app: made, listed, taken back. */
@Path("apps/{app}/deployments")
@Produces(MediaType.APPLICATION_JSON)
@Access(Access.By.TOKEN)
@RequestScoped
public class DeploymentsResource {
    private final Deployer deployer;
    private final Deployments deployments;
    private final DeploymentViews views;
    private final AppRefs refs;
    private final Apps apps;
    private final Publisher publisher;
    private final Once once;
    private final Caller caller;
    private final InstantSource clock = InstantSource.system();

    @Inject
    public DeploymentsResource(
            Deployer deployer,
            Deployments deployments,
            DeploymentViews views,
            AppRefs refs,
            Apps apps,
            Publisher publisher,
            Once once,
            Caller caller) {
        this.deployer = deployer;
        this.deployments = deployments;
        this.views = views;
        this.refs = refs;
        this.apps = apps;
        this.publisher = publisher;
        this.once = once;
        this.caller = caller;
    }

    public DeploymentsResource() {
        this(null, null, null, null, null, null, null, null); // for the server's proxy
    }

    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    public Response deploy(
            @PathParam("app") String app,
            @QueryParam("environment") String environment,
            @HeaderParam("Idempotency-Key") String key,
            @Context UriInfo uri,
            byte[] body) {
        Deployer.mustBeName(app);
        var request = DeploymentRequest.read(body);
        return deploy(app, environment, request, IdempotencyKey.of(key, pathOf(uri, environment), body));
    }

    /** The description as the part {@code deployment}; the sources as one part {@code archive}, or as parts {@code file}. */
    @POST
    @Consumes(MediaType.MULTIPART_FORM_DATA)
    public Response deployFiles(
            @PathParam("app") String app,
            @QueryParam("environment") String environment,
            @HeaderParam("Idempotency-Key") String key,
            @Context UriInfo uri,
            List<EntityPart> parts) {
        Deployer.mustBeName(app);
        var upload = Upload.read(parts);
        var request = DeploymentRequest.read(upload.deployment(), upload.sources());
        return deploy(
                app, environment, request, IdempotencyKey.of(key, pathOf(uri, environment), upload.fingerprinted()));
    }

    private Response deploy(String app, String environmentName, DeploymentRequest request, IdempotencyKey key) {
        var tenant = caller.tenant();
        var environment = refs.environment(tenant, environmentName);
        var sources = deployer.store(tenant, request.sources(), clock.instant());
        return publish(key, () -> deployer.deploy(tenant, environment, app, request, sources, clock.instant()));
    }

    private Response publish(IdempotencyKey key, Supplier<App> work) {
        var made = once.made(caller.tenant(), key, () -> {
                    var app = work.get();
                    return app.id() + " " + app.version();
                })
                .split(" ", 2);
        var app = apps.get(caller.tenant(), made[0]);
        publisher.published(app);
        return Response.status(Response.Status.CREATED)
                .entity(views.of(caller.tenant(), app, Integer.parseInt(made[1])))
                .location(URI.create("apps/%s/deployments/%s".formatted(made[0], made[1])))
                .build();
    }

    private static String pathOf(UriInfo uri, String environment) {
        return environment == null ? uri.getPath() : uri.getPath() + "?environment=" + environment;
    }

    @GET
    public Page<DeploymentView> list(
            @PathParam("app") String ref,
            @QueryParam("environment") String environment,
            @QueryParam("cursor") String cursor,
            @QueryParam("limit") String limit) {
        var app = refs.get(caller.tenant(), ref, environment);
        int before = cursor == null ? Integer.MAX_VALUE : version(cursor, "cursor");
        return Page.of(
                limit,
                size -> apps.versions(app, before, size),
                version -> views.of(caller.tenant(), app, version.version()),
                last -> Integer.toString(last.version()));
    }

    @GET
    @Path("{version}")
    public DeploymentView get(
            @PathParam("app") String ref,
            @PathParam("version") String version,
            @QueryParam("environment") String environment) {
        return views.of(caller.tenant(), refs.get(caller.tenant(), ref, environment), version(version, "version"));
    }

    @POST
    @Path("{version}/rollback")
    public Response rollBack(
            @PathParam("app") String ref,
            @PathParam("version") String version,
            @QueryParam("environment") String environment,
            @HeaderParam("Idempotency-Key") String key,
            @Context UriInfo uri) {
        var tenant = caller.tenant();
        var app = refs.get(tenant, ref, environment);
        int wanted = version(version, "version");
        return publish(
                IdempotencyKey.of(key, pathOf(uri, environment), new byte[0]),
                () -> deployments.rollBack(tenant, app.id(), wanted, clock.instant()));
    }

    private static int version(String text, String field) {
        if (!text.matches("[1-9]\\d{0,8}")) {
            throw Problem.INVALID_ARGUMENT.because("%s \"%s\": a version number from 1 is needed", field, text);
        }
        return Integer.parseInt(text);
    }
}
