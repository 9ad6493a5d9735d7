// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.blob;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.UUID;
import java.util.regex.Pattern;
import serai.config.DataConfig;
import serai.problem.Problem;
import serai.problem.ProblemException;

/** Blobs as files: written beside, synced, then renamed, so that a file under its name is whole. */
@ApplicationScoped
public class DirectoryBlobStore implements BlobStore {
    private static final long LEAST_ROOM = 1 << 20; // what a failed write leaves is less than it asked for
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9-]{1,64}");

    private final Path root;

    @Inject
    public DirectoryBlobStore(DataConfig config) {
        this(config.directory().resolve("blobs"));
    }

    public DirectoryBlobStore() {
        this((Path) null); // for the server's proxy
    }

    DirectoryBlobStore(Path root) {
        this.root = root;
    }

    @Override
    public Stored put(String id, InputStream content, long limit) throws IOException {
        var target = place(id);
        var part = target.resolveSibling(target.getFileName() + "." + UUID.randomUUID() + ".part");
        try {
            Files.createDirectories(target.getParent());
            var stored = write(part, content, limit, id);
            Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
            sync(target.getParent()); // its name, too
            return stored;
        } catch (Unread e) {
            throw e.unwrap();
        } catch (IOException e) {
            throw explained(e);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    private Stored write(Path part, InputStream content, long limit, String id) throws IOException {
        var md5 = digest("MD5");
        var sha256 = digest("SHA-256");
        long size = 0;
        try (var in = new DigestInputStream(new DigestInputStream(content, md5), sha256);
                OutputStream out = Files.newOutputStream(part, StandardOpenOption.CREATE_NEW)) {
            var buffer = new byte[1 << 16];
            for (int n = read(in, buffer); n >= 0; n = read(in, buffer)) {
                size += n;
                if (size > limit) {
                    throw Problem.BLOB_TOO_LARGE.because("blob %s: more than the announced %d bytes", id, limit);
                }
                out.write(buffer, 0, n);
            }
        }
        try (var file = FileChannel.open(part, StandardOpenOption.WRITE)) {
            file.force(true);
        }
        var hex = HexFormat.of();
        return new Stored(size, hex.formatHex(md5.digest()), hex.formatHex(sha256.digest()));
    }

    private static void sync(Path directory) throws IOException {
        try (var opened = FileChannel.open(directory, StandardOpenOption.READ)) {
            opened.force(true);
        }
    }

    private static int read(InputStream in, byte[] buffer) throws Unread {
        try {
            return in.read(buffer);
        } catch (IOException e) {
            throw new Unread(e);
        }
    }

    /** A content that cannot be read is its sender's trouble, all other troubles are the disk's. */
    private static final class Unread extends IOException {
        private static final long serialVersionUID = 1L;
        private final IOException why;

        Unread(IOException why) {
            super(why);
            this.why = why;
        }

        IOException unwrap() {
            return why;
        }
    }

    private ProblemException explained(IOException e) {
        long left = root.toFile().getUsableSpace();
        var problem = left < LEAST_ROOM
                ? Problem.STORAGE_FULL.because("the disk of %s is full: %d bytes are left", root, left)
                : Problem.STORAGE_UNAVAILABLE.because("%s: %s", root, e.getMessage());
        problem.initCause(e);
        return problem;
    }

    @Override
    public InputStream open(String id) throws IOException {
        return Files.newInputStream(place(id));
    }

    @Override
    public void delete(String id) throws IOException {
        Files.deleteIfExists(place(id));
    }

    private Path place(String id) {
        if (!ID.matcher(id).matches()) {
            throw Problem.BLOB_NOT_FOUND.because("'%s' is no blob id", id);
        }
        return root.resolve(id.substring(id.length() - Math.min(2, id.length())))
                .resolve(id);
    }

    private static MessageDigest digest(String algorithm) {
        try {
            return MessageDigest.getInstance(algorithm);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has " + algorithm, e);
        }
    }
}
