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
import java.util.List;
import java.util.regex.Pattern;
import serai.api.http.Access;
import serai.api.rest.json.Json;
import serai.config.ImageConfig;
import serai.config.LogConfig;
import serai.image.Builds;
import serai.image.Garbage;

/** Layers of images that nobody needs any more, of all workspaces. */
@Path("images")
@Produces(MediaType.APPLICATION_JSON)
@Consumes(MediaType.APPLICATION_JSON)
@Access(Access.By.ADMIN)
@RequestScoped
@Transactional
public class ImagesResource {
    private static final int MAX_NAMES = 100_000;
    private static final Pattern NAME = Pattern.compile("[0-9a-f]{32}");

    private final Garbage garbage;
    private final Builds builds;
    private final ImageConfig settings;
    private final LogConfig logSettings;
    private final InstantSource clock = InstantSource.system();

    @Inject
    public ImagesResource(Garbage garbage, Builds builds, ImageConfig settings, LogConfig logSettings) {
        this.garbage = garbage;
        this.builds = builds;
        this.settings = settings;
        this.logSettings = logSettings;
    }

    public ImagesResource() {
        this(null, null, null, null); // for the server's proxy
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

    /** Of what a node has, that which no image has any more. */
    @POST
    @Path("garbage")
    public Names garbage(byte[] body) {
        var fields = Json.read(body);
        var names = fields.strings("names", MAX_NAMES, "the name of a layer");
        fields.end();
        for (var name : names) {
            if (!NAME.matcher(name).matches()) {
                throw fields.refused("names", "\"%s\": 32 hexadecimal digits are needed", name);
            }
        }
        return new Names(builds.garbage(names));
    }

    /** @param names of layers, as nodes have them: the first characters of their digests */
    public record Names(List<String> names) {}
}
