// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import static java.util.stream.Collectors.toMap;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;
import serai.config.ImageConfig;
import serai.config.RunnerConfig;
import serai.device.Gpu;
import serai.problem.Problem;
import serai.workspace.Tenant;

/** Images by the definition of their layers: the same definition has the same id. */
@ApplicationScoped
@Transactional // reads too: without one the server shares an entity manager between threads
public class Images {
    /** How ids of images begin. */
    public static final String PREFIX = "im-";

    private static final Duration NOTED = Duration.ofHours(1);

    private final EntityManager em;
    private final Jdbi jdbi;
    private final ImageConfig settings;
    private final RunnerConfig runner;

    @Inject
    public Images(EntityManager em, Jdbi jdbi, ImageConfig settings, RunnerConfig runner) {
        this.em = em;
        this.jdbi = jdbi;
        this.settings = settings;
        this.runner = runner;
    }

    public Images() {
        this(null, null, null, null); // for the server's proxy
    }

    /**
     * The image of a layer definition. Whether it has to be built before a container can start is told by {@link
     * Contents#missing}.
     *
     * @throws serai.problem.ProblemException {@link Problem#IMAGE_UNSUPPORTED} naming the line that cannot be built, or
     *     what it stands on and is not here
     */
    public Image getOrCreate(Tenant tenant, String id, Request request) {
        var present = em.find(Image.class, id);
        if (present != null) {
            return present;
        }
        var below =
                request.baseId().map(base -> contents(get(tenant, base).id())).orElse(Contents.NONE);
        var layer = DockerfileReader.read(
                request.dockerfile(),
                below,
                request.baseId().flatMap(this::shell),
                request.arguments(),
                request.python());
        request.python().ifPresent(version -> BaseSystem.mustHavePython(version, settings, runner));
        if (request.baseId().isPresent() == layer.from().isPresent()) {
            throw Problem.INVALID_ARGUMENT.because("an image needs one base: a FROM line or a base image");
        }
        boolean needsBuild = layer.needsBuild()
                || request.function().isPresent()
                || layer.from().map(this::mustBeMade).orElse(false);
        layer.systems().forEach(system -> BaseSystem.of(system, settings, runner)); // or it is refused
        em.createNativeQuery("""
                        insert into image (id, workspace_id, base_id, builder_version, python_version, environment, workdir,
                            base_system, run_as, needs_build, steps, secrets, function_input, gpu)
                        values (:id, :ws, :base, :builder, null, '{}', :workdir, :system, :user, :build,
                            cast(:steps as jsonb), string_to_array(:secrets, ','), cast(:function as bytea),
                            cast(:gpu as text)) on conflict do nothing""")
                .setParameter("id", id)
                .setParameter("ws", tenant.workspaceId())
                .setParameter("base", request.baseId().orElse(null))
                .setParameter("builder", request.builderVersion())
                .setParameter("workdir", layer.workdir().orElse(null))
                .setParameter("system", layer.from().orElse(null))
                .setParameter("user", layer.user().orElse(null))
                .setParameter("build", needsBuild)
                .setParameter("steps", json(layer.steps()))
                .setParameter("secrets", String.join(",", request.secrets()))
                .setParameter("function", request.function().orElse(null))
                .setParameter("gpu", request.gpu().map(Gpu::text).orElse(null))
                .executeUpdate();
        var image = em.find(Image.class, id);
        image.describe(layer);
        if (layer.copiesFiles() && request.context().isEmpty()) {
            throw Problem.INVALID_ARGUMENT.because("COPY without a context mount");
        }
        for (int i = 0; i < request.context().size(); i++) {
            em.createNativeQuery(
                            "insert into image_mount (image_id, mount_id, ordinal) values (:image, :mount, :ordinal)"
                                    + " on conflict do nothing")
                    .setParameter("image", id)
                    .setParameter("mount", request.context().get(i))
                    .setParameter("ordinal", i)
                    .executeUpdate();
        }
        return image;
    }

    /** Somebody asks for it, and so for all that it stands on. Written down once an hour, in the order of ids. */
    public void used(String id, Instant now) {
        jdbi.useHandle(handle -> handle.createUpdate("""
                        with recursive chain(id) as (
                            select cast(:id as text)
                            union select i.base_id from image i join chain c on i.id = c.id where i.base_id is not null),
                        stale as (
                            select id from image where id in (select id from chain) and used_at < :stale order by id for update),
                        touched as (update image set used_at = :now where id in (select id from stale) returning layer)
                        update layer set used_at = :now where digest in (select layer from touched)""")
                .bind("id", id)
                .bind("now", Timestamp.from(now))
                .bind("stale", Timestamp.from(now.minus(NOTED)))
                .execute());
    }

    public Optional<Image> find(String id) {
        return Optional.ofNullable(em.find(Image.class, id));
    }

    /** What reads the commands of layers on top of an image, as the last of its layers says that says it. */
    private Optional<List<String>> shell(String id) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        with recursive chain(base_id, steps, depth) as (
                            select base_id, steps, 0 from image where id = :id
                            union all select i.base_id, i.steps, c.depth + 1 from image i join chain c on i.id = c.base_id)
                        select array(select jsonb_array_elements_text(step -> 'command'))
                        from chain, jsonb_array_elements(steps) with ordinality as said(step, ordinal)
                        where step ->> 'kind' = 'SHELL' order by depth, ordinal desc limit 1""")
                .bind("id", id)
                .map((row, context) -> List.of((String[]) row.getArray(1).getArray()))
                .findOne());
    }

    private boolean mustBeMade(String from) {
        BaseSystem.of(from, settings, runner); // or it is refused
        return settings.engine().isPresent() || !BaseSystem.isHost(from, settings, runner);
    }

    /** @return what stages of these steps stand on, by the name that {@code FROM} has for it */
    Map<String, BaseSystem> systems(JsonArray steps) {
        return steps.getValuesAs(JsonObject.class).stream()
                .filter(step -> step.getString("kind").equals(Step.Stage.KIND))
                .map(step -> step.getString("system"))
                .filter(system -> !system.isEmpty())
                .distinct()
                .collect(toMap(system -> system, system -> BaseSystem.of(system, settings, runner)));
    }

    private static String json(List<Step> steps) {
        var array = Json.createArrayBuilder();
        steps.forEach(step -> array.add(step.toJson()));
        return array.build().toString();
    }

    /** @throws serai.problem.ProblemException {@link Problem#IMAGE_NOT_FOUND}, also for another workspace's */
    public Image get(Tenant tenant, String id) {
        var image = em.find(Image.class, id);
        if (image == null || !image.workspaceId().equals(tenant.workspaceId())) {
            throw Problem.IMAGE_NOT_FOUND.because("Image '%s' not found", id);
        }
        return image;
    }

    /**
     * What a container of the image finds, if it can start.
     *
     * @throws serai.problem.ProblemException {@link Problem#IMAGE_NOT_FOUND}, also for another workspace's
     */
    public Contents whole(Tenant tenant, String id) {
        var contents = contents(get(tenant, id).id());
        if (!contents.isReady()) {
            throw Problem.IMAGE_NOT_FOUND.because(
                    "Image '%s' is not there: its build has not ended well, or its layers were collected as garbage."
                            + " Build it again by what it was described with",
                    id);
        }
        return contents;
    }

    /** What a container of the image finds: all layers, the lowest first. */
    public Contents contents(String imageId) {
        var layers = chain(imageId);
        int top = -1; // the highest that has to be built; all below it is part of its root
        for (int i = 0; i < layers.size(); i++) {
            top = isBuilt(layers.get(i)) ? i : top;
        }
        return contents(layers, top);
    }

    /** The same of a container whose root is kept as a layer, so it has one also where the node's own system would do. */
    public Contents rooted(String imageId) {
        var layers = chain(imageId);
        return contents(layers, layers.size() - 1);
    }

    /** @param top the highest that is part of its root; -1 for none */
    private Contents contents(List<Image> layers, int top) {
        var environment = new HashMap<String, String>();
        var mounts = new ArrayList<String>();
        var stack = new ArrayList<String>();
        var missing = new ArrayList<String>();
        String python = null;
        String workdir = null;
        String user = null;
        String system = null;
        var baseLayers = List.<String>of();
        Optional<List<String>> entrypoint = Optional.empty();
        for (int i = 0; i < layers.size(); i++) {
            var layer = layers.get(i);
            python = layer.pythonVersion() == null ? python : layer.pythonVersion();
            workdir = layer.workdir() == null ? workdir : layer.workdir();
            user = layer.runAs() == null ? user : layer.runAs();
            system = layer.baseSystem() == null ? system : layer.baseSystem();
            var below = entrypoint;
            entrypoint = layer.entrypoint().or(() -> below);
            environment.putAll(layer.environment());
            if (i > top) {
                mounts.addAll(context(layer.id()));
            } else if (layer.layer() == null) {
                missing.add(layer.id());
            } else {
                stack.add(layer.layer());
                baseLayers = layer.baseId() == null ? layer.baseLayers() : baseLayers;
            }
        }
        if (top >= 0) {
            BaseSystem.environment(system).forEach(environment::putIfAbsent);
        }
        var base = top < 0 ? Optional.<BaseSystem>empty() : Optional.of(BaseSystem.of(system, settings, runner));
        if (top < 0 && system != null) {
            python = BaseSystem.of(system, settings, runner).python();
        }
        return new Contents(
                Optional.ofNullable(python),
                environment,
                Optional.ofNullable(workdir),
                List.copyOf(mounts),
                entrypoint.filter(words -> !words.isEmpty()),
                Optional.ofNullable(user),
                base,
                settings.registry().isPresent() ? recorded(baseLayers) : List.of(),
                top < 0 ? Optional.empty() : Optional.of(layers.get(top).id()),
                List.copyOf(stack),
                List.copyOf(missing));
    }

    private List<BaseLayer> recorded(List<String> names) {
        if (names.isEmpty()) {
            return List.of();
        }
        var known = jdbi.withHandle(BaseLayer::recorded);
        return names.stream()
                .flatMap(name -> known.stream().filter(layer -> layer.name().equals(name)))
                .toList();
    }

    /** An engine has no root of the node's. The image may be older than the setting. */
    private boolean isBuilt(Image layer) {
        return layer.needsBuild()
                || layer.baseSystem() != null && settings.engine().isPresent();
    }

    private List<Image> chain(String imageId) {
        var layers = new ArrayList<Image>();
        for (var at = em.find(Image.class, imageId);
                at != null;
                at = at.baseId() == null ? null : em.find(Image.class, at.baseId())) {
            layers.addFirst(at);
        }
        return layers;
    }

    /** Mounts whose files are copied into the image, or that its build may copy from. */
    List<String> context(String id) {
        return jdbi.withHandle(
                handle -> handle.createQuery("select mount_id from image_mount where image_id = :id order by ordinal")
                        .bind("id", id)
                        .mapTo(String.class)
                        .list());
    }

    /**
     * What a client asks for.
     *
     * @param context mounts that may be copied from
     * @param arguments for {@code ARG}
     * @param secrets ids of those whose variables commands see
     * @param python major.minor of the one that {@code COPY /python/.} puts into it
     * @param function what the function that makes it is called with, as the client's message; empty if commands make it
     * @param gpu what the commands are given
     */
    public record Request(
            List<String> dockerfile,
            Optional<String> baseId,
            List<String> context,
            Map<String, String> arguments,
            List<String> secrets,
            Optional<String> python,
            Optional<byte[]> function,
            Optional<Gpu> gpu,
            String builderVersion) {}

    /**
     * All layers of an image together.
     *
     * @param mounts whose files lie on top of all
     * @param entrypoint words before a container's command; empty for none
     * @param base what the layers stand on; empty if the node's own system will do
     * @param baseLayers of the base, which all nodes have the same, the highest first; empty where each node has its own
     * @param built the highest image of the chain that builds make: what is above it is no part of its root
     * @param layers digests of what builds made, the lowest first
     * @param missing images of the chain that have to be built before a container can start, the lowest first
     */
    public record Contents(
            Optional<String> pythonVersion,
            Map<String, String> environment,
            Optional<String> workdir,
            List<String> mounts,
            Optional<List<String>> entrypoint,
            Optional<String> user,
            Optional<BaseSystem> base,
            List<BaseLayer> baseLayers,
            Optional<String> built,
            List<String> layers,
            List<String> missing) {

        /** Of a function without an image. */
        public static final Contents NONE = new Contents(
                Optional.empty(),
                Map.of(),
                Optional.empty(),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                Optional.empty(),
                List.of(),
                List.of());

        public boolean isReady() {
            return missing.isEmpty();
        }
    }
}
