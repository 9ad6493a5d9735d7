// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.runner;

import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** The runner, a zip that Python runs: the bytes that nodes fetch and the digest that they check. */
@ApplicationScoped
public class RunnerArtifact {
    /** Where the server hands it out, below its public address. */
    public static final String PATH = "/internal/v1/runner.pyz";

    private static final String RESOURCE = "/serai/runner/serai-runner.pyz"; // put there by the build

    private Content content;

    public RunnerArtifact() {}

    /** A runner of one's own, for tests. */
    public static RunnerArtifact of(byte[] bytes) {
        var artifact = new RunnerArtifact();
        artifact.content = new Content(bytes.clone(), digest(bytes));
        return artifact;
    }

    public byte[] bytes() {
        return content().bytes.clone();
    }

    /** @return hex digits */
    public String sha256() {
        return content().sha256;
    }

    /** @param server its public address, with or without a slash at the end */
    public URI below(URI server) {
        return URI.create(server.toString().replaceAll("/+$", "") + PATH);
    }

    private synchronized Content content() {
        if (content == null) {
            var bytes = read();
            content = new Content(bytes, digest(bytes));
        }
        return content;
    }

    private static byte[] read() {
        try (var in = RunnerArtifact.class.getResourceAsStream(RESOURCE)) {
            if (in == null) {
                throw new IllegalStateException(RESOURCE + " is missing in this build");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String digest(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Content(byte[] bytes, String sha256) {}
}
