// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import jakarta.enterprise.context.RequestScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import serai.api.http.Access;
import serai.api.rest.json.Fields;
import serai.api.rest.json.Json;
import serai.config.ImageConfig;
import serai.config.LogConfig;
import serai.config.RunnerConfig;
import serai.image.Builds;
import serai.image.Garbage;
import serai.image.RegistryTags;

/** Layers of images that nobody needs any more, of all workspaces. */
@Path("images")
@Produces(MediaType.APPLICATION_JSON)
@Consumes(MediaType.APPLICATION_JSON)
@Access(Access.By.ADMIN)
@RequestScoped
@Transactional
public class ImagesResource {
    private static final int MAX_NAMES = 100_000;
    private static final int MAX_TAGS = 10_000;
    private static final Pattern NAME = Pattern.compile("[0-9a-f]{32}");

    private final Garbage garbage;
    private final Builds builds;
    private final RegistryTags registry;
    private final ImageConfig settings;
    private final LogConfig logSettings;
    private final RunnerConfig runner;
    private final InstantSource clock = InstantSource.system();

    @Inject
    public ImagesResource(
            Garbage garbage,
            Builds builds,
            RegistryTags registry,
            ImageConfig settings,
            LogConfig logSettings,
            RunnerConfig runner) {
        this.garbage = garbage;
        this.builds = builds;
        this.registry = registry;
        this.settings = settings;
        this.logSettings = logSettings;
        this.runner = runner;
    }

    public ImagesResource() {
        this(null, null, null, null, null, null); // for the server's proxy
    }

    /** Forgets now what is too old or too much, by the settings or by what is asked for. */
    @POST
    @Path("collections")
    public Garbage.Forgotten collect(byte[] body) {
        var fields = Json.read(body);
        var unused = fields.integer("unused_for_s", 0, Integer.MAX_VALUE)
                .map(Duration::ofSeconds)
                .orElse(settings.retention());
        long most = fields.integer("max_size_mb", 0, Integer.MAX_VALUE).orElse(settings.maxSizeMb());
        fields.end();
        var now = clock.instant();
        return garbage.collect(now.minus(unused), most << 20, now.minus(logSettings.retention()));
    }

    /** Of what a node has, that which no image has any more; and how long the rest of its cache stays. */
    @POST
    @Path("garbage")
    public Dispensable garbage(byte[] body) {
        var fields = Json.read(body);
        var names = names(fields);
        fields.end();
        return new Dispensable(builds.garbage(names), runner.cacheRetention().toSeconds());
    }

    /** What the registry should have, of which the node could put there again what it has lost. */
    @POST
    @Path("registry/contents")
    public Contents contents(byte[] body) {
        var fields = Json.read(body);
        var names = names(fields);
        fields.end();
        return new Contents(settings.registry().orElse(null), registry.wanted(names));
    }

    /** It lacks them. Layers are about to be pushed again, publications will be, when the image is asked for. */
    @POST
    @Path("registry/missing")
    public Known missing(byte[] body) {
        var missing = tags(body).stream().map(seen -> seen.tag().tag()).toList();
        registry.missed(missing, clock.instant());
        return new Known(missing.size());
    }

    /** What it may have and nobody needs; before that, what it has no more. */
    @POST
    @Path("registry/garbage")
    public Tags registryGarbage(byte[] body) {
        tags(body).stream()
                .map(Seen::tag)
                .sorted(Comparator.comparing(RegistryTags.Tag::tag)) // two nodes lock rows in one order
                .forEach(registry::gone);
        return new Tags(registry.garbage(clock.instant()));
    }

    /** Of what the node has seen, that which it may delete. */
    @POST
    @Path("registry/deletions")
    public Tags deletions(byte[] body) {
        return new Tags(tags(body).stream()
                .filter(seen -> registry.mayGo(seen.tag(), seen.manifest(), clock.instant()))
                .map(Seen::tag)
                .toList());
    }

    private static List<Seen> tags(byte[] body) {
        var fields = Json.read(body);
        var tags = fields.objects("tags", MAX_TAGS, Seen::of);
        fields.end();
        return tags;
    }

    private static List<String> names(Fields fields) {
        var names = fields.strings("names", MAX_NAMES, "the name of a layer");
        for (var name : names) {
            if (!NAME.matcher(name).matches()) {
                throw fields.refused("names", "\"%s\": 32 hexadecimal digits are needed", name);
            }
        }
        return names;
    }

    private record Seen(RegistryTags.Tag tag, Optional<String> manifest) {
        private static final int MAX_DIGEST = 80;

        static Seen of(Fields fields) {
            var tag = fields.text("tag", MAX_DIGEST * 2, RegistryTags.Tag.NAME, "a tag")
                    .orElseThrow(() -> fields.missing("tag"));
            var serial = fields.integer("serial", 0, Integer.MAX_VALUE).orElse(0);
            var digest = fields.text(
                    "digest", MAX_DIGEST, RegistryTags.Tag.MANIFEST, "the digest of a manifest, or nothing");
            return new Seen(new RegistryTags.Tag(tag, serial), digest.filter(it -> !it.isEmpty()));
        }
    }

    /** @param registry null if there is none */
    public record Contents(ImageConfig.Registry registry, RegistryTags.Wanted wanted) {}

    /** @param known how many were told */
    public record Known(int known) {}

    public record Tags(List<RegistryTags.Tag> tags) {}

    /**
     * @param names of layers, as nodes have them: the first characters of their digests
     * @param cacheRetentionS seconds; what else a node has goes when nobody has used it for so long
     */
    public record Dispensable(List<String> names, long cacheRetentionS) {}
}
