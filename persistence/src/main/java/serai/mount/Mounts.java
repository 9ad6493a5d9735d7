// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.mount;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.Jdbi;
import serai.blob.Blob;
import serai.blob.Blobs;
import serai.problem.Problem;
import serai.workspace.Environment;
import serai.workspace.Tenant;

/** Mounts and the content of their files, which a workspace uploads once. */
@ApplicationScoped
@Transactional // reads too: without one the server shares an entity manager between threads
public class Mounts {
    private final EntityManager em;
    private final Jdbi jdbi;
    private final Blobs blobs;

    @Inject
    public Mounts(EntityManager em, Jdbi jdbi, Blobs blobs) {
        this.em = em;
        this.jdbi = jdbi;
        this.blobs = blobs;
    }

    public Mounts() {
        this(null, null, null); // for the server's proxy
    }

    /** @return those of the digests that the workspace has not uploaded yet */
    public Set<String> missing(Tenant tenant, Collection<String> sha256s) {
        var missing = new HashSet<>(sha256s);
        missing.removeAll(jdbi.withHandle(handle -> handle.createQuery(
                        "select sha256 from mount_content where workspace_id = :ws and sha256 = any(:all)")
                .bind("ws", tenant.workspaceId())
                .bindArray("all", String.class, List.copyOf(missing))
                .mapTo(String.class)
                .list()));
        return missing;
    }

    /** Keeps content that came inline. */
    public void put(Tenant tenant, String sha256, byte[] content, Instant now) {
        var actual = HexFormat.of().formatHex(sha256().digest(content));
        if (!actual.equals(sha256)) {
            throw Problem.INVALID_ARGUMENT.because("the content's SHA-256 is %s, not %s as announced", actual, sha256);
        }
        if (!missing(tenant, List.of(sha256)).isEmpty()) {
            register(tenant, sha256, blobs.keep(tenant, content, sha256, now));
        }
    }

    /** Takes an uploaded blob as a file's content. */
    public void put(Tenant tenant, String sha256, Blob blob) {
        if (blob.sha256() == null || !blob.sha256().equals(sha256)) {
            throw Problem.INVALID_ARGUMENT.because("blob %s does not have the SHA-256 %s", blob.id(), sha256);
        }
        register(tenant, sha256, blob);
    }

    private void register(Tenant tenant, String sha256, Blob blob) {
        em.flush(); // the blob's row, which the statement below refers to
        jdbi.useHandle(handle -> handle.createUpdate("""
                        insert into mount_content (workspace_id, sha256, size, blob_id) values (:ws, :sha256, :size, :blob)
                        on conflict do nothing""")
                .bind("ws", tenant.workspaceId())
                .bind("sha256", sha256)
                .bind("size", blob.size())
                .bind("blob", blob.id())
                .execute());
    }

    /** @throws serai.problem.ProblemException {@link Problem#FILE_NOT_FOUND} */
    public InputStream open(Tenant tenant, String sha256) {
        var blob = jdbi.withHandle(handle -> handle.createQuery(
                        "select blob_id from mount_content where workspace_id = :ws and sha256 = :sha256")
                .bind("ws", tenant.workspaceId())
                .bind("sha256", sha256)
                .mapTo(String.class)
                .findOne());
        return blob.map(id -> blobs.open(blobs.get(tenant, id)))
                .orElseThrow(() -> Problem.FILE_NOT_FOUND.because("no file with SHA-256 %s", sha256));
    }

    /** A mount of these files; a named one takes the place of its predecessor. */
    public Mount create(Tenant tenant, Environment environment, Optional<String> name, List<MountFile> files) {
        var missing = missing(tenant, files.stream().map(MountFile::sha256).toList());
        if (!missing.isEmpty()) {
            throw Problem.FILE_NOT_FOUND.because(
                    "%d files of the mount were not uploaded, say %s",
                    missing.size(), missing.iterator().next());
        }
        Environment.keep(em, environment);
        name.ifPresent(n -> em.createQuery(
                        "update Mount m set m.name = null where m.environmentId = :environment and m.name = :name")
                .setParameter("environment", environment.id())
                .setParameter("name", n)
                .executeUpdate());
        var mount = new Mount(environment, name.orElse(null), checksum(files));
        em.persist(mount);
        em.flush(); // the row that its files refer to
        insert(mount, files);
        return mount;
    }

    private void insert(Mount mount, List<MountFile> files) {
        if (files.isEmpty()) {
            return;
        }
        jdbi.useHandle(handle -> {
            var batch = handle.prepareBatch("""
                    insert into mount_file (mount_id, path, sha256, mode) values (:mount, :path, :sha256, :mode)
                    on conflict (mount_id, path) do update set sha256 = excluded.sha256, mode = excluded.mode""");
            for (var file : files) {
                batch.bind("mount", mount.id())
                        .bind("path", file.path())
                        .bind("sha256", file.sha256())
                        .bind("mode", file.mode())
                        .add();
            }
            batch.execute();
        });
    }

    /** By name: one without files of ours, such as the client's own packages, is made on first sight. */
    public Mount named(Tenant tenant, Environment environment, String name, boolean virtual) {
        var present = named(environment, name);
        if (present.isPresent()) {
            return present.get();
        }
        if (!virtual) {
            throw Problem.MOUNT_NOT_FOUND.because("Mount '%s' not found", name);
        }
        Environment.hold(em, environment); // two that come first take turns
        return named(environment, name).orElseGet(() -> create(tenant, environment, Optional.of(name), List.of()));
    }

    private Optional<Mount> named(Environment environment, String name) {
        return em.createQuery("from Mount m where m.environmentId = :environment and m.name = :name", Mount.class)
                .setParameter("environment", environment.id())
                .setParameter("name", name)
                .getResultStream()
                .findFirst();
    }

    /** @throws serai.problem.ProblemException {@link Problem#MOUNT_NOT_FOUND}, also for another workspace's */
    public Mount get(Tenant tenant, String id) {
        var mount = em.find(Mount.class, id);
        if (mount == null || !mount.workspaceId().equals(tenant.workspaceId())) {
            throw Problem.MOUNT_NOT_FOUND.because("Mount '%s' not found", id);
        }
        return mount;
    }

    /** Every file of the mounts. Where two mounts name one path, the later mount in the list wins. */
    public List<MountFile> files(List<String> mountIds) {
        var files = new LinkedHashMap<String, MountFile>();
        for (var id : mountIds) {
            jdbi.useHandle(handle -> handle.createQuery(
                            "select path, sha256, mode from mount_file where mount_id = :mount order by path")
                    .bind("mount", id)
                    .map((row, context) ->
                            new MountFile(row.getString("path"), row.getString("sha256"), row.getInt("mode")))
                    .forEach(file -> files.put(file.path(), file)));
        }
        return List.copyOf(files.values());
    }

    /** @return digest → bytes, of those that the workspace has uploaded */
    public Map<String, Long> sizes(Tenant tenant, Collection<String> sha256s) {
        return jdbi.withHandle(handle -> handle.createQuery(
                        "select sha256, size from mount_content where workspace_id = :ws and sha256 = any(:all)")
                .bind("ws", tenant.workspaceId())
                .bindArray("all", String.class, List.copyOf(sha256s))
                .reduceRows(new HashMap<String, Long>(), (sizes, row) -> {
                    sizes.put(row.getColumn("sha256", String.class), row.getColumn("size", Long.class));
                    return sizes;
                }));
    }

    /** Names of those of the mounts that have one. */
    public List<String> names(List<String> mountIds) {
        if (mountIds.isEmpty()) {
            return List.of();
        }
        return em.createQuery("select m.name from Mount m where m.id in :ids and m.name is not null", String.class)
                .setParameter("ids", mountIds)
                .getResultList();
    }

    private static String checksum(List<MountFile> files) {
        var digest = sha256();
        files.stream()
                .sorted(Comparator.comparing(MountFile::path))
                .map(f -> f.path() + '\0' + f.sha256() + '\0' + f.mode() + '\n')
                .forEach(line -> digest.update(line.getBytes(StandardCharsets.UTF_8)));
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
