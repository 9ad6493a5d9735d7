// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.deployment;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import serai.app.App;
import serai.app.Apps;
import serai.app.Layout;
import serai.definition.ClientVersion;
import serai.definition.Definer;
import serai.function.Deployments;
import serai.function.Functions;
import serai.mount.Mount;
import serai.mount.MountFile;
import serai.mount.Mounts;
import serai.problem.Problem;
import serai.secret.Secrets;
import serai.workspace.Environment;
import serai.workspace.Tenant;

/**
 * Makes a deployment, all of it in one transaction, but for what its sources consist of: that is stored before. Its consequences begin
 * with {@code Publisher.published}.
 */
@ApplicationScoped
public class Deployer {
    /** Where the client, too, puts sources: the folder in which functions run. */
    private static final String FOLDER = "/root/";

    private static final int READABLE = 0644;

    private static final Pattern APP = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}");
    private static final Pattern APP_ID = Pattern.compile("ap-[A-Za-z0-9]{22}");

    private final Apps apps;
    private final Functions functions;
    private final Deployments deployments;
    private final Mounts mounts;
    private final Images images;
    private final Secrets secrets;
    private final Definer definer;

    @Inject
    public Deployer(
            Apps apps,
            Functions functions,
            Deployments deployments,
            Mounts mounts,
            Images images,
            Secrets secrets,
            Definer definer) {
        this.apps = apps;
        this.functions = functions;
        this.deployments = deployments;
        this.mounts = mounts;
        this.images = images;
        this.secrets = secrets;
        this.definer = definer;
    }

    public Deployer() {
        this(null, null, null, null, null, null, null); // for the server's proxy
    }

    /** @throws serai.problem.ProblemException {@link Problem#INVALID_ARGUMENT} for a name that no client could look up */
    public static void mustBeName(String app) {
        if (!APP.matcher(app).matches() || APP_ID.matcher(app).matches()) {
            throw Problem.INVALID_ARGUMENT.because(
                    "app \"%s\": 1 to 64 letters, digits, \"_\", \"-\" and \".\" are needed, none of the last two first, and not an id",
                    app);
        }
    }

    /**
     * Stores what is not there yet of the sources, by digest. To be called outside of transactions: the store may be slow, and others wait
     * for what {@link #deploy} holds.
     *
     * @return for {@link #deploy}
     */
    public List<MountFile> store(Tenant tenant, Sources sources, Instant now) {
        var contents = new HashMap<String, byte[]>();
        List<MountFile> files = new ArrayList<>();
        sources.asMap().forEach((path, content) -> {
            var sha256 = sha256(content);
            contents.put(sha256, content);
            files.add(new MountFile(FOLDER + path, sha256, READABLE));
        });
        mounts.missing(tenant, contents.keySet())
                .forEach(sha256 -> mounts.put(tenant, sha256, contents.get(sha256), now));
        return files;
    }

    /**
     * @param sources that are {@link #store stored}
     * @return the app, with its new version
     */
    @Transactional
    public App deploy(
            Tenant tenant,
            Environment environment,
            String name,
            DeploymentRequest request,
            List<MountFile> sources,
            Instant now) {
        var app = apps.deployable(environment, name, now);
        var version = request.clientVersion().orElse(ClientVersion.STANDARD);
        var definitions = new FunctionDefinitions(
                name,
                mounts.named(tenant, environment, Mount.CLIENT + version, true).id(),
                mounts.create(tenant, environment, Optional.empty(), sources).id());
        var present = apps.layout(app).functions();
        var published = new HashMap<String, String>();
        var chosen = new HashMap<String, String>();
        for (var asked : request.functions()) {
            var image = images.of(tenant, request.pythonVersion(), asked.environment());
            var held = asked.secrets().stream()
                    .map(secret -> secrets.get(environment, secret).id())
                    .toList();
            var definition = definitions.of(asked, image, held);
            var draft =
                    definer.read(tenant, app.id(), definition, FunctionDefinitions.dataOf(asked, definition), version);
            var function = functions.reserve(app, asked.name(), Optional.ofNullable(present.get(asked.name())));
            published.put(asked.name(), function.id());
            chosen.put(function.id(), definer.store(function, draft).id());
        }
        var publication =
                new Apps.Publication(name, App.State.DEPLOYED, request.tag(), version, new Layout(published, Map.of()));
        return deployments.publish(tenant, app.id(), publication, chosen, now);
    }

    private static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
