// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonArray;
import jakarta.transaction.Transactional;
import java.io.StringReader;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import serai.device.Gpu;
import serai.id.NewId;
import serai.id.Secret;
import serai.pool.PoolId;
import serai.problem.Problem;
import serai.signal.Signals;
import serai.signal.Topic;

/** Builds of images. At any moment an image has at most one; a unique index says so. */
@ApplicationScoped
@Transactional
public class Builds {
    private final Jdbi jdbi;
    private final Images images;
    private final Signals signals;

    @Inject
    public Builds(Jdbi jdbi, Images images, Signals signals) {
        this.jdbi = jdbi;
        this.images = images;
        this.signals = signals;
    }

    public Builds() {
        this(null, null, null); // for the server's proxy
    }

    /**
     * The build that is under way for the image, or a new one. Whoever asks also waits for it.
     *
     * @param forced whether the image is made anew if it is there already
     * @param clientVersion of whoever asks
     * @param function whose container makes the image, if no build is under way; empty for commands
     * @throws serai.problem.ProblemException {@link Problem#IMAGE_UNSUPPORTED} if it stands on what a function has to make first
     */
    public Build open(Image image, boolean forced, Optional<String> function, String clientVersion, Instant now) {
        mustBeCommands(images.contents(image.id()).missing().stream()
                .filter(id -> !id.equals(image.id()))
                .toList());
        return open(image.id(), image.workspaceId(), forced, function, clientVersion, now);
    }

    Build open(
            String imageId,
            String workspaceId,
            boolean forced,
            Optional<String> function,
            String clientVersion,
            Instant now) {
        jdbi.useHandle(handle -> handle.createUpdate("""
                        insert into image_build (id, image_id, workspace_id, secret, state, forced, function_id, client_version,
                            created_at, waited_at)
                        values (:id, :image, :ws, :secret, 'WAITING', :forced, :function, :version, :now, :now)
                        on conflict (image_id) where ended_at is null do update set waited_at = excluded.waited_at""")
                .bind("id", NewId.lowerCase("po"))
                .bind("image", imageId)
                .bind("ws", workspaceId)
                .bind("secret", NewId.of("bs"))
                .bind("forced", forced)
                .bind("function", function.orElse(null))
                .bind("version", clientVersion)
                .bind("now", Timestamp.from(now))
                .execute());
        return latest(imageId).orElseThrow();
    }

    /** The image's present build, or its last one. */
    public Optional<Build> latest(String imageId) {
        return one("image_id = :id order by ended_at nulls first, created_at desc limit 1", imageId);
    }

    public Optional<Build> find(PoolId id) {
        return one("id = :id", id.value());
    }

    /** The one that is under way in a container of that function. */
    public Optional<Build> ofFunction(String functionId) {
        return one("function_id = :id and ended_at is null", functionId);
    }

    /** Whether its function has made, or makes, another build's image. */
    public boolean isOfAnother(Build build) {
        return jdbi.withHandle(handle -> handle.createQuery(
                        "select exists (select 1 from image_build where function_id = :function and id <> :id)")
                .bind("function", build.functionId().orElse(null))
                .bind("id", build.id().value())
                .mapTo(Boolean.class)
                .one());
    }

    /** Those that are under way, or whose job is still known to the cluster, or whose function's app still runs. */
    public List<Build> open() {
        return jdbi.withHandle(handle ->
                handle.createQuery("""
                        select * from image_build b where ended_at is null or declared
                            or function_id is not null and exists (
                                select 1 from function f join app a on a.id = f.app_id
                                where f.id = b.function_id and a.state not in ('STOPPING', 'STOPPED'))""").map((row, context) -> build(row)).list());
    }

    private Optional<Build> one(String where, String id) {
        return jdbi.withHandle(handle -> handle.createQuery("select * from image_build where " + where)
                .bind("id", id)
                .map((row, context) -> build(row))
                .findOne());
    }

    /** Somebody waits for it. */
    public void waited(PoolId id, Instant now) {
        update("waited_at = :now where id = :id", id, now);
    }

    /** The cluster knows its job, or does not any more. */
    public void declared(PoolId id, boolean declared) {
        jdbi.useHandle(handle -> handle.createUpdate("update image_build set declared = :declared where id = :id")
                .bind("declared", declared)
                .bind("id", id.value())
                .execute());
    }

    /**
     * Lets a builder in, once for each allocation; a later allocation takes the place of an earlier one.
     *
     * @return empty if it is let in no more
     */
    public Optional<Admitted> admit(PoolId id, String allocation, int maxTries, Instant now) {
        var token = NewId.of("bt");
        int changed = jdbi.withHandle(handle -> handle.createUpdate("""
                        update image_build set state = 'RUNNING', allocation_id = :allocation, token = :token, heard_at = :now,
                            tries = tries + 1
                        where id = :id and ended_at is null and allocation_id is distinct from :allocation and tries < :max""")
                .bind("allocation", allocation)
                .bind("token", Secret.hash(token))
                .bind("now", Timestamp.from(now))
                .bind("max", maxTries)
                .bind("id", id.value())
                .execute());
        if (changed == 0) {
            loseLast(id, allocation, maxTries, now);
            return Optional.empty();
        }
        return find(id).map(build -> new Admitted(build, token));
    }

    /** Another allocation than the present one, and no try is left: its builders were all lost. */
    private void loseLast(PoolId id, String allocation, int maxTries, Instant now) {
        jdbi.useHandle(handle -> handle.createUpdate("""
                        update image_build set state = 'FAILED', reason = :reason, ended_at = :now
                        where id = :id and ended_at is null and allocation_id <> :allocation""")
                .bind("reason", "its builder was lost %d times".formatted(maxTries))
                .bind("now", Timestamp.from(now))
                .bind("id", id.value())
                .bind("allocation", allocation)
                .execute());
        ended(id, now);
    }

    /** The only moment at which the token is known. */
    public record Admitted(Build build, String token) {}

    /** The build whose builder has that token and may still speak. */
    public Optional<Build> authenticate(String id, String token) {
        return jdbi.withHandle(
                handle -> handle.createQuery("select * from image_build where id = :id and token = :token")
                        .bind("id", id)
                        .bind("token", Secret.hash(token))
                        .map((row, context) -> build(row))
                        .findOne());
    }

    /** What has to be done by commands, the lowest image first, and the layers on which it is done. */
    public Task task(Build build) {
        var due = due(build);
        return new Task(due.base(), due.baseLayers(), due.layers(), work(due.images()));
    }

    /**
     * @param baseLayers that the layers stand on, the highest first; empty if the node is to say
     * @param layers by their digests, the lowest first
     */
    public record Task(BaseSystem base, List<BaseLayer> baseLayers, List<String> layers, List<Work> work) {}

    /** One job makes all that is missing: what the highest image asks for that asks for any. */
    public Optional<Gpu> gpu(Build build) {
        return due(build).images().stream()
                .flatMap(id -> images.find(id).flatMap(Image::gpu).stream())
                .reduce((lower, higher) -> higher);
    }

    private Due due(Build build) {
        if (build.functionId().isPresent()) {
            var below = images.rooted(below(build));
            return new Due(below.base().orElseThrow(), below.baseLayers(), below.layers(), below.missing());
        }
        var contents = images.contents(build.imageId());
        var base = contents.base().orElseThrow();
        if (build.forced() && contents.isReady()) {
            var below = contents.layers().subList(0, contents.layers().size() - 1); // without its own
            var baseLayers = below.isEmpty() ? List.<BaseLayer>of() : contents.baseLayers();
            return new Due(base, baseLayers, below, List.of(build.imageId()));
        }
        return new Due(base, contents.baseLayers(), contents.layers(), contents.missing());
    }

    /** @param images to be made, the lowest first */
    private record Due(BaseSystem base, List<BaseLayer> baseLayers, List<String> layers, List<String> images) {}

    /** Whether everything is there that the container of the build's function stands on. */
    public boolean isGrounded(Build build) {
        return images.rooted(below(build)).isReady();
    }

    /** The image that the build's own stands on. */
    public String below(Build build) {
        return images.find(build.imageId()).orElseThrow().baseId();
    }

    /** @return what the build's function is called with, as the client's message */
    public byte[] functionInput(Build build) {
        return images.find(build.imageId()).flatMap(Image::functionInput).orElseThrow();
    }

    /**
     * Its function was called, in the same transaction.
     *
     * @return whether the build is still what it was: if not, the call must not be made
     */
    public boolean called(Build build, String callId) {
        return jdbi.withHandle(handle -> handle.createUpdate("""
                                update image_build set call_id = :call, calls = calls + 1, state = 'RUNNING'
                                where id = :id and ended_at is null and calls = :calls""")
                        .bind("call", callId)
                        .bind("id", build.id().value())
                        .bind("calls", build.calls())
                        .execute()
                > 0);
    }

    private void mustBeCommands(List<String> imageIds) {
        imageIds.forEach(id -> images.find(id).flatMap(Image::functionInput).ifPresent(input -> {
            throw Problem.IMAGE_UNSUPPORTED.because(
                    "Image '%s' has lost what its function wrote, which was collected as garbage: deploy again to build it",
                    id);
        }));
    }

    private List<Work> work(List<String> imageIds) {
        mustBeCommands(imageIds);
        return imageIds.stream()
                .map(id -> {
                    var steps = steps(id);
                    return new Work(id, steps, images.systems(steps), images.context(id), secrets(id));
                })
                .toList();
    }

    private JsonArray steps(String imageId) {
        var text = jdbi.withHandle(handle -> handle.createQuery("select steps::text from image where id = :id")
                .bind("id", imageId)
                .mapTo(String.class)
                .one());
        try (var reader = Json.createReader(new StringReader(text))) {
            return reader.readArray();
        }
    }

    private List<String> secrets(String imageId) {
        return jdbi.withHandle(handle -> handle.createQuery("select unnest(secrets) from image where id = :id")
                .bind("id", imageId)
                .mapTo(String.class)
                .list());
    }

    /**
     * @param systems what its stages stand on, by the name that they have for it
     * @param context mounts that it may copy from
     * @param secrets whose variables its commands see
     */
    public record Work(
            String imageId,
            JsonArray steps,
            Map<String, BaseSystem> systems,
            List<String> context,
            List<String> secrets) {}

    /** @throws serai.problem.ProblemException {@link Problem#PERMISSION_DENIED} for one that is over, or ends now */
    static void mustBeUnderWay(Handle handle, PoolId id) {
        var found = handle.createQuery("select id from image_build where id = :id and ended_at is null for share")
                .bind("id", id.value())
                .mapTo(String.class)
                .findOne();
        if (found.isEmpty()) {
            throw Problem.PERMISSION_DENIED.because("build %s is over", id);
        }
    }

    /**
     * One of its images is made, and what was said since the one before is about it. What is published of it, and of those above it, has another layer until it is published again.
     *
     * @param python what it has, as it says itself: {@code 3.12.3}; empty for none
     * @param base names of the layers that the lowest image of the chain stands on; empty if they are known, or no other node's
     * @throws serai.problem.ProblemException {@link Problem#IMAGE_NOT_FOUND}, also for another workspace's, {@link
     *     Problem#PERMISSION_DENIED} if the build is over
     */
    public void made(
            Build build, String imageId, String digest, long size, String python, List<String> base, Instant now) {
        jdbi.useHandle(handle -> {
            mustBeUnderWay(handle, build.id());
            handle.createUpdate("""
                            insert into layer (digest, size, created_at, used_at) values (:digest, :size, :now, :now)
                            on conflict (digest) do update set used_at = excluded.used_at""")
                    .bind("digest", digest)
                    .bind("size", size)
                    .bind("now", Timestamp.from(now))
                    .execute();
            int made = handle.createUpdate("""
                            update image set layer = :digest, python_version = nullif(:python, ''), used_at = :now
                            where id = :image and workspace_id = :ws""")
                    .bind("digest", digest)
                    .bind("python", python)
                    .bind("now", Timestamp.from(now))
                    .bind("image", imageId)
                    .bind("ws", build.workspaceId())
                    .execute();
            if (made == 0) {
                throw Problem.IMAGE_NOT_FOUND.because("Image '%s' not found", imageId);
            }
            standOn(handle, imageId, base);
            handle.createUpdate("""
                            insert into image_build_step (build_id, image_id, after_ordinal, last_ordinal, ended_at)
                            select b.id, :image, (
                                    select coalesce(max(last_ordinal), 0) from image_build_step s where s.build_id = b.id),
                                case when b.image_id <> :image then b.log_ordinal end, :now
                            from image_build b where b.id = :build
                            on conflict (build_id, image_id) do nothing""")
                    .bind("image", imageId)
                    .bind("build", build.id().value())
                    .bind("now", Timestamp.from(now))
                    .execute();
            handle.createUpdate("""
                            with recursive above(id) as (
                                select cast(:image as text)
                                union select i.id from image i join above a on i.base_id = a.id)
                            update image_publication set stale = true where image_id in (select id from above)""").bind("image", imageId).execute();
        });
    }

    private static void standOn(Handle handle, String imageId, List<String> base) {
        if (base.isEmpty()) {
            return;
        }
        handle.createUpdate("""
                        with recursive chain(id, base_id) as (
                            select id, base_id from image where id = :image
                            union all select i.id, i.base_id from image i join chain c on i.id = c.base_id)
                        update image set base_layers = to_jsonb(:base)
                        where id = (select id from chain where base_id is null) and (id = :image or base_layers = '[]')""")
                .bind("image", imageId)
                .bindArray("base", String.class, base)
                .execute();
    }

    /**
     * Of the names that a node has for layers (the first characters of their digests), those that no image has any more.
     */
    public List<String> garbage(List<String> names) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        select name from unnest(:names) name
                        where not exists (select 1 from layer where digest like name || '%')""")
                .bindArray("names", String.class, names)
                .mapTo(String.class)
                .list());
    }

    /** Ends it once. @return whether it had not ended before */
    public boolean end(PoolId id, State state, String reason, Instant now) {
        int changed = jdbi.withHandle(handle -> handle.createUpdate("""
                        update image_build set state = :state, reason = :reason, ended_at = :now
                        where id = :id and ended_at is null""")
                .bind("state", state.name())
                .bind("reason", reason)
                .bind("now", Timestamp.from(now))
                .bind("id", id.value())
                .execute());
        ended(id, now);
        return changed > 0;
    }

    /**
     * What it said since it made the last image, if it made any, is about its own, which was not made. If it said nothing, what was
     * said at its former making is still the last word.
     */
    private void ended(PoolId id, Instant now) {
        jdbi.useHandle(handle -> handle.createUpdate("""
                        insert into image_build_step (build_id, image_id, after_ordinal, ended_at)
                        select b.id, b.image_id, made.last_ordinal, :now
                        from image_build b cross join lateral (
                            select coalesce(max(last_ordinal), 0) as last_ordinal from image_build_step s where s.build_id = b.id) made
                        where b.id = :id and b.ended_at is not null and b.state <> 'DONE' and b.log_ordinal > made.last_ordinal
                        on conflict (build_id, image_id) do nothing""")
                .bind("id", id.value())
                .bind("now", Timestamp.from(now))
                .execute());
        signals.afterCommit(Topic.build(id.value()));
    }

    private void update(String what, PoolId id, Instant now) {
        jdbi.useHandle(handle -> handle.createUpdate("update image_build set " + what)
                .bind("now", Timestamp.from(now))
                .bind("id", id.value())
                .execute());
    }

    private static Build build(ResultSet row) throws SQLException {
        var ended = row.getTimestamp("ended_at");
        return new Build(
                new PoolId(row.getString("id")),
                row.getString("image_id"),
                row.getString("workspace_id"),
                row.getString("secret"),
                State.valueOf(row.getString("state")),
                row.getBoolean("declared"),
                row.getBoolean("forced"),
                Optional.ofNullable(row.getString("function_id")),
                Optional.ofNullable(row.getString("call_id")),
                row.getInt("calls"),
                row.getString("client_version"),
                row.getString("reason"),
                row.getTimestamp("created_at").toInstant(),
                row.getTimestamp("waited_at").toInstant(),
                Optional.ofNullable(ended).map(Timestamp::toInstant));
    }

    /**
     * One attempt at an image.
     *
     * @param functionId whose container makes the layer; empty for commands
     * @param callId of the function, once what it stands on is there
     * @param calls of it so far: containers may be lost
     */
    public record Build(
            PoolId id,
            String imageId,
            String workspaceId,
            String secret,
            State state,
            boolean declared,
            boolean forced,
            Optional<String> functionId,
            Optional<String> callId,
            int calls,
            String clientVersion,
            String reason,
            Instant createdAt,
            Instant waitedAt,
            Optional<Instant> endedAt) {

        public boolean isOver() {
            return endedAt.isPresent();
        }
    }

    /** {@code WAITING} for its builder to begin; the last four are final. */
    public enum State {
        WAITING,
        RUNNING,
        DONE,
        FAILED,
        TIMED_OUT,
        CANCELLED
    }
}
