// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.blob;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.time.Instant;
import serai.problem.Problem;
import serai.workspace.Tenant;

/** What is known of payloads in the {@link BlobStore}. Rights are checked here, bytes are kept there. */
@ApplicationScoped
@Transactional // reads too: without one the server shares an entity manager between threads
public class Blobs {
    /** The most that one blob may hold: more than a container's memory. */
    public static final long MAX_BYTES = 64L << 30;

    /** What is larger is uploaded in parts of this size, beside each other. The client insists on parts above 1 GiB. */
    public static final long PART_BYTES = 64L << 20;

    private final EntityManager em;
    private final BlobStore store;

    @Inject
    public Blobs(EntityManager em, BlobStore store) {
        this.em = em;
        this.store = store;
    }

    public Blobs() {
        this(null, null); // for the server's proxy
    }

    /** Announces an upload. */
    public Blob announce(Tenant tenant, long size, String sha256) {
        if (size < 0 || size > MAX_BYTES) {
            throw Problem.BLOB_TOO_LARGE.because("a blob of %d bytes: at most %d are allowed", size, MAX_BYTES);
        }
        var blob = new Blob(tenant, size, sha256);
        em.persist(blob);
        return blob;
    }

    /** For whoever presents a signed address: the signature is the right. */
    public Blob signed(String id) {
        var blob = em.find(Blob.class, id);
        if (blob == null) {
            throw Problem.BLOB_NOT_FOUND.because("Blob '%s' not found", id);
        }
        return blob;
    }

    /** @throws serai.problem.ProblemException {@link Problem#BLOB_NOT_FOUND}, also while it is not whole */
    public Blob get(Tenant tenant, String id) {
        var blob = em.find(Blob.class, id);
        if (blob == null || !blob.workspaceId().equals(tenant.workspaceId()) || !blob.isStored()) {
            throw Problem.BLOB_NOT_FOUND.because("Blob '%s' not found", id);
        }
        return blob;
    }

    /** Called after the store has the whole content: the row is what makes it count. */
    public void stored(String id, Instant now) {
        signed(id).stored(now);
    }

    /** Keeps content that we hold in memory. */
    public Blob keep(Tenant tenant, byte[] content, String sha256, Instant now) {
        var blob = announce(tenant, content.length, sha256);
        try {
            store.put(blob.id(), new ByteArrayInputStream(content), content.length);
        } catch (IOException e) {
            throw Problem.STORAGE_UNAVAILABLE.because("blob store: %s", e.getMessage());
        }
        blob.stored(now);
        return blob;
    }

    public InputStream open(Blob blob) {
        try {
            return store.open(blob.id());
        } catch (NoSuchFileException e) {
            throw Problem.BLOB_NOT_FOUND.because("Blob '%s' is not in the store any more", blob.id());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
