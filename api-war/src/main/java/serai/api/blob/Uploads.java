// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.blob;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Enumeration;
import java.util.HexFormat;
import java.util.stream.IntStream;
import serai.blob.Blob;
import serai.blob.BlobStore;
import serai.blob.Blobs;
import serai.problem.Problem;

/** Takes content in. What differs from its announcement does not count, and what counts is never replaced. */
@ApplicationScoped
public class Uploads {
    private final Blobs blobs;
    private final BlobStore store;

    @Inject
    public Uploads(Blobs blobs, BlobStore store) {
        this.blobs = blobs;
        this.store = store;
    }

    public Uploads() {
        this(null, null); // for the server's proxy
    }

    /**
     * @return what was received
     * @throws serai.problem.ProblemException {@link Problem#INVALID_ARGUMENT} if it is not what was announced
     */
    BlobStore.Stored receive(Blob blob, InputStream content, Instant now) throws IOException {
        if (blob.isStored()) {
            return repeated(blob, content);
        }
        var stored = store.put(blob.id(), content, blob.size());
        if (!isAsAnnounced(blob, stored)) {
            store.delete(blob.id());
            throw refused(blob, stored);
        }
        blobs.stored(blob.id(), now);
        return stored;
    }

    /**
     * One part of a blob; the others may come at the same time. A second upload of it replaces the first.
     *
     * @param number from 1
     * @throws serai.problem.ProblemException {@link Problem#INVALID_ARGUMENT} if it is shorter or longer than it should be
     */
    BlobStore.Stored receivePart(Blob blob, int number, InputStream content) throws IOException {
        if (blob.isStored()) {
            return digest(content); // the answer to the first upload was lost; it is in the whole already
        }
        long size = blob.partSize(number);
        var stored = store.put(partId(blob, number), content, size);
        if (stored.size() != size) {
            store.delete(partId(blob, number));
            throw Problem.INVALID_ARGUMENT.because(
                    "part %d of blob %s: %d bytes came, %d are needed", number, blob.id(), stored.size(), size);
        }
        return stored;
    }

    /**
     * All parts are there: they become the blob.
     *
     * @return its tag, as object stores make it of parts
     * @throws serai.problem.ProblemException {@link Problem#INVALID_ARGUMENT} if one is missing, or the whole is not what was
     *     announced
     */
    String assemble(Blob blob, Instant now) throws IOException {
        if (blob.isStored()) {
            try (var whole = new PartDigests(blobs.open(blob), Blobs.PART_BYTES)) {
                whole.transferTo(OutputStream.nullOutputStream());
                return whole.tag();
            }
        }
        try (var parts = new PartDigests(parts(blob), Blobs.PART_BYTES)) {
            receive(blob, parts, now);
            for (int number = 1; number <= blob.parts(); number++) {
                store.delete(partId(blob, number));
            }
            return parts.tag();
        }
    }

    private InputStream parts(Blob blob) {
        var numbers = IntStream.rangeClosed(1, blob.parts()).iterator();
        return new SequenceInputStream(new Enumeration<>() {
            @Override
            public boolean hasMoreElements() {
                return numbers.hasNext();
            }

            @Override
            public InputStream nextElement() {
                return openPart(blob, numbers.next());
            }
        });
    }

    private InputStream openPart(Blob blob, int number) {
        try {
            return store.open(partId(blob, number));
        } catch (NoSuchFileException e) {
            throw Problem.INVALID_ARGUMENT.because("part %d of blob %s was not uploaded", number, blob.id());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String partId(Blob blob, int number) {
        return blob.id() + "-part-" + number;
    }

    /** The answer to the first upload was lost, so the client sends it again. */
    private BlobStore.Stored repeated(Blob blob, InputStream content) throws IOException {
        var received = digest(content);
        if (!isAsAnnounced(blob, received)) {
            throw refused(blob, received);
        }
        try (var present = blobs.open(blob)) {
            if (blob.sha256() == null && !digest(present).equals(received)) {
                throw refused(blob, received);
            }
        }
        return received;
    }

    private static boolean isAsAnnounced(Blob blob, BlobStore.Stored received) {
        return received.size() == blob.size()
                && (blob.sha256() == null || blob.sha256().equals(received.sha256()));
    }

    private static RuntimeException refused(Blob blob, BlobStore.Stored received) {
        return Problem.INVALID_ARGUMENT.because(
                "blob %s: %s bytes with SHA-256 %s came, %s bytes with SHA-256 %s were announced",
                blob.id(), received.size(), received.sha256(), blob.size(), blob.sha256());
    }

    private static BlobStore.Stored digest(InputStream content) throws IOException {
        try {
            var md5 = MessageDigest.getInstance("MD5");
            var sha256 = MessageDigest.getInstance("SHA-256");
            var in = new DigestInputStream(new DigestInputStream(content, md5), sha256);
            long size = in.transferTo(OutputStream.nullOutputStream());
            var hex = HexFormat.of();
            return new BlobStore.Stored(size, hex.formatHex(md5.digest()), hex.formatHex(sha256.digest()));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has MD5 and SHA-256", e);
        }
    }
}
