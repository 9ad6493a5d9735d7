// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.runner;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import modal.client.AppLayout;
import modal.client.Function;
import modal.client.NetworkAccess;
import modal.client.NetworkAccess.NetworkAccessType;
import modal.client.Resources;
import serai.app.App;
import serai.app.Apps;
import serai.config.CallConfig;
import serai.config.ImageConfig;
import serai.config.RunnerConfig;
import serai.container.Container;
import serai.container.Containers;
import serai.function.Definition;
import serai.function.Functions;
import serai.image.BaseSystem;
import serai.image.Builds;
import serai.image.Images;
import serai.mount.Mount;
import serai.mount.Mounts;
import serai.peer.Servers;
import serai.pool.Pools;
import serai.problem.Problem;
import serai.protocol.Messages;
import serai.secret.Secrets;
import serai.web.Networks;
import serai.workspace.Tenant;
import serai.workspace.Workspaces;

/** Puts together what a container is started with. */
@ApplicationScoped
public class Assignments {
    private static final String CLIENT_PACKAGE = "modal";
    private static final String HOME = "/root";

    /** Of the 30 s after which the cluster kills, some are for exit methods. */
    private static final Duration LONGEST_GRACE = Duration.ofSeconds(25);

    /** Where the client says nothing, as it documents it. */
    private static final Duration SERVER_START = Duration.ofSeconds(30);

    /** Heartbeats in a lease: three may be lost. */
    private static final int BEATS = 4;

    private final Apps apps;
    private final Functions functions;
    private final Pools pools;
    private final Images images;
    private final Mounts mounts;
    private final Secrets secrets;
    private final Workspaces workspaces;
    private final Servers servers;
    private final RunnerConfig runner;
    private final CallConfig calls;
    private final ImageConfig imageSettings;
    private final Builds builds;
    private final InstantSource clock = InstantSource.system();

    @Inject
    public Assignments(
            Apps apps,
            Functions functions,
            Pools pools,
            Images images,
            Mounts mounts,
            Secrets secrets,
            Workspaces workspaces,
            Servers servers,
            RunnerConfig runner,
            CallConfig calls,
            ImageConfig imageSettings,
            Builds builds) {
        this.apps = apps;
        this.functions = functions;
        this.pools = pools;
        this.images = images;
        this.mounts = mounts;
        this.secrets = secrets;
        this.workspaces = workspaces;
        this.servers = servers;
        this.runner = runner;
        this.calls = calls;
        this.imageSettings = imageSettings;
        this.builds = builds;
    }

    public Assignments() {
        this(null, null, null, null, null, null, null, null, null, null, null, null); // for the server's proxy
    }

    /** Takes the definition of the container's pool, which may be older than the app's present one. */
    @Transactional
    public Assignment of(Containers.Admitted admitted) {
        var container = admitted.container();
        var definition = functions.definition(pools.get(container.poolId()).definitionId());
        var duties = definition.duties();
        var function = Messages.parseFunction(definition.wire().content());
        var environment = workspaces.environment(container.environmentId()).name();
        var tenant = workspaces.tenant(container.workspaceId());
        var image = contents(duties.imageId(), function.getIsBuilderFunction());
        return new Assignment(
                container.id(),
                container.id() + "." + admitted.secret(),
                servers(),
                Base64.getEncoder().encodeToString(arguments(container, definition, environment)),
                new Assignment.Runtime(CLIENT_PACKAGE, clientVersion(duties)),
                image.pythonVersion().orElse(null),
                variables(
                        image.environment(),
                        secrets.variables(tenant, duties.secrets(), clock.instant()),
                        duties.imageId(),
                        environment),
                image.workdir().orElse(HOME),
                root(image),
                image.entrypoint().orElse(List.of()),
                blocksNetwork(function),
                outbound(function.getNetworkAccess()),
                files(tenant, image.mounts(), duties.mounts()),
                limits(function.getResources()),
                serve(function),
                function.getIsBuilderFunction(),
                Math.max(1, calls.lease().dividedBy(BEATS).toSeconds()));
    }

    private Images.Contents contents(String imageId, boolean kept) {
        if (imageId == null) {
            return Images.Contents.NONE;
        }
        return kept ? images.rooted(imageId) : images.contents(imageId);
    }

    private static Assignment.Serve serve(Function function) {
        if (!function.getIsServer()) {
            return null;
        }
        var http = function.getHttpConfig();
        return new Assignment.Serve(
                http.getPort(),
                http.getStartupTimeout() > 0 ? http.getStartupTimeout() : SERVER_START.toSeconds(),
                Math.min(http.getExitGracePeriod(), LONGEST_GRACE.toSeconds()));
    }

    /** @return those that run now, this one first */
    List<Assignment.Server> servers() {
        return servers.all().stream()
                .map(server -> new Assignment.Server(
                        server.http().toString(), server.rpc().toString()))
                .toList();
    }

    /** What a builder has to do, of which nothing may be done already: its predecessor may have been lost on the way. */
    @Transactional
    public BuildAssignment of(Builds.Admitted admitted) {
        var build = admitted.build();
        var task = builds.task(build);
        var tenant = workspaces.tenant(build.workspaceId());
        return new BuildAssignment(
                build.id().value(),
                build.id() + "." + admitted.token(),
                Assignment.Root.of(task.base(), task.baseLayers(), task.layers(), imageSettings),
                task.work().stream()
                        .map(work -> new BuildAssignment.Work(
                                work.imageId(),
                                work.steps(),
                                bases(work.systems()),
                                files(tenant, work.context()),
                                secrets.variables(tenant, work.secrets(), clock.instant())))
                        .toList(),
                imageSettings.pythons(),
                imageSettings.buildMemory(),
                imageSettings.buildDisk().orElse(null),
                imageSettings.buildTimeout().toSeconds(),
                publication(build));
    }

    private Map<String, Assignment.Base> bases(Map<String, BaseSystem> systems) {
        var bases = new HashMap<String, Assignment.Base>();
        systems.forEach((name, system) -> bases.put(name, Assignment.Base.of(system, List.of(), imageSettings)));
        return bases;
    }

    private BuildAssignment.Publication publication(Builds.Build build) {
        if (imageSettings.engine().isEmpty() || build.functionId().isPresent()) {
            return null; // what a function writes on top of it is published when it is there
        }
        var image = images.contents(build.imageId());
        return new BuildAssignment.Publication(
                image.built().orElseThrow() + "-" + build.clientVersion(),
                CLIENT_PACKAGE,
                build.clientVersion(),
                image.isReady() ? image.pythonVersion().orElse("") : "",
                image.environment());
    }

    private Assignment.Limits limits(Resources asked) {
        return new Assignment.Limits(
                ifAsked(asked.getMemoryMbMax()),
                ifAsked(asked.getMilliCpuMax()),
                ifAsked(asked.getMilliCpu()),
                runner.processes(),
                ifAsked(asked.getEphemeralDiskMb()));
    }

    private static Integer ifAsked(int limit) {
        return limit > 0 ? limit : null;
    }

    private static boolean blocksNetwork(Function function) {
        return function.getBlockNetwork()
                || function.getNetworkAccess().getNetworkAccessType() == NetworkAccessType.BLOCKED;
    }

    private static List<String> outbound(NetworkAccess access) {
        return access.getNetworkAccessType() == NetworkAccessType.ALLOWLIST
                ? Networks.of(access.getAllowedCidrsList()).texts()
                : null;
    }

    private Assignment.Root root(Images.Contents image) {
        if (!image.isReady()) {
            throw Problem.IMAGE_UNSUPPORTED.because(
                    "The image lacks layers, as they were collected as garbage or containers are run in another way"
                            + " now: deploy again to build them");
        }
        return image.base()
                .map(base -> Assignment.Root.of(base, image.baseLayers(), image.layers(), imageSettings))
                .orElse(null);
    }

    private byte[] arguments(Container container, Definition definition, String environment) {
        var app = apps.find(container.appId())
                .orElseThrow(() -> Problem.APP_NOT_FOUND.because("App '%s' not found", container.appId()));
        return Messages.arguments(
                        container.id(),
                        container.functionId(),
                        app.id(),
                        environment,
                        definition.wire().content(),
                        functions.find(container.functionId()).orElseThrow().params(),
                        layout(app, definition))
                .toByteArray();
    }

    /** The container's own definition tells of what it needs, also when the app has another one by now. */
    private AppLayout layout(App app, Definition own) {
        if (app.internal()) {
            return AppLayout.getDefaultInstance(); // its function is none of the app that the code names
        }
        var definitions = new ArrayList<Messages.Defined>();
        functions.definitions(app.id()).forEach(definition -> definitions.add(defined(definition)));
        definitions.add(defined(own));
        var layout = apps.layout(app);
        return Messages.layout(layout.functions(), layout.classes(), definitions);
    }

    private static Messages.Defined defined(Definition definition) {
        var wire = definition.wire();
        return new Messages.Defined(definition.functionId(), definition.id(), wire.content(), wire.handle());
    }

    private String clientVersion(Definition.Duties duties) {
        var version = duties.clientVersion();
        if (version != null && !version.isEmpty()) {
            return version;
        }
        return mounts.names(duties.mounts()).stream()
                .filter(name -> name.startsWith(Mount.CLIENT))
                .map(name -> name.substring(Mount.CLIENT.length()))
                .findFirst()
                .orElseThrow(() -> Problem.FEATURE_UNSUPPORTED.because(
                        "the function was defined by a client that did not say its version"));
    }

    /** Secrets count more than the image; neither may set what tells the runtime where it runs. */
    static Map<String, String> variables(
            Map<String, String> image, Map<String, String> secrets, String imageId, String environment) {
        var variables = new HashMap<>(image);
        variables.putAll(secrets);
        variables.put("MODAL_ENVIRONMENT", environment);
        if (imageId != null) {
            variables.put("MODAL_IMAGE_ID", imageId);
        }
        return variables;
    }

    /** The function's own files lie over the image's. */
    private List<Assignment.File> files(Tenant tenant, List<String> ofImage, List<String> ofFunction) {
        var all = new ArrayList<>(ofImage);
        all.addAll(ofFunction);
        return files(tenant, all);
    }

    private List<Assignment.File> files(Tenant tenant, List<String> ofMounts) {
        var files = mounts.files(ofMounts);
        var sizes =
                mounts.sizes(tenant, files.stream().map(file -> file.sha256()).toList());
        return files.stream()
                .map(file -> new Assignment.File(file.path(), file.sha256(), size(sizes, file.sha256()), file.mode()))
                .toList();
    }

    private static long size(Map<String, Long> sizes, String sha256) {
        var size = sizes.get(sha256);
        if (size == null) {
            throw new IllegalStateException("a mount refers to %s, which nobody uploaded".formatted(sha256));
        }
        return size;
    }
}
