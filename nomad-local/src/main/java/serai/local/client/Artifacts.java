// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import serai.local.client.SetupException.Kind;
import serai.local.doc.Json;

/** Fetches files over http and https. One with a SHA-256 is fetched once and then copied from a cache. */
final class Artifacts {
    private static final Duration CONNECT = Duration.ofSeconds(10);
    private static final Duration ANSWER = Duration.ofMinutes(5);

    private final Path cache;
    private final HttpClient client = HttpClient.newBuilder()
            .connectTimeout(CONNECT)
            .followRedirects(HttpClient.Redirect.NORMAL)
            .build();
    private final Map<String, ReentrantLock> fetching = new ConcurrentHashMap<>();

    Artifacts(Path cache) {
        this.cache = cache;
    }

    /** @param taskDirectory that the destination is relative to */
    void fetch(JsonNode artifact, Path taskDirectory, TaskEnv env) throws SetupException, InterruptedException {
        String source = env.resolve(Json.text(artifact, "GetterSource"));
        try {
            URI uri = URI.create(source);
            Path target = target(artifact, uri, taskDirectory, env);
            Optional<String> sha256 = sha256(artifact, env);
            Files.createDirectories(target.getParent());
            if (sha256.isPresent()) {
                Files.copy(cached(uri, sha256.get(), artifact, env), target, StandardCopyOption.REPLACE_EXISTING);
            } else {
                download(uri, target, artifact, env);
            }
        } catch (IOException | IllegalArgumentException e) {
            throw failed(source, e.getMessage() == null ? e.toString() : e.getMessage());
        }
    }

    private static SetupException failed(String source, String why) {
        return new SetupException(Kind.ARTIFACT, "failed to download artifact \"%s\": %s".formatted(source, why));
    }

    private static Path target(JsonNode artifact, URI uri, Path taskDirectory, TaskEnv env) throws SetupException {
        String scheme = uri.getScheme() == null ? "" : uri.getScheme();
        if (!scheme.equals("http") && !scheme.equals("https")) {
            throw failed(uri.toString(), "nomad-local fetches http and https only");
        }
        Path destination = taskDirectory
                .resolve(env.place(Json.text(artifact, "RelativeDest")))
                .normalize();
        if (!destination.startsWith(taskDirectory)) {
            throw failed(uri.toString(), "artifact destination path escapes alloc directory");
        }
        String name = uri.getPath().substring(uri.getPath().lastIndexOf('/') + 1);
        boolean packed = name.matches(".*\\.(zip|tar|tgz|tbz2|txz|tar\\.[a-z0-9]+|gz|bz2|xz|zst)");
        boolean keep =
                Json.at(artifact, "GetterOptions").path("archive").asText("").equals("false");
        return switch (Json.text(artifact, "GetterMode")) {
            case "file" -> destination;
            case "any" -> {
                if (packed && !keep) {
                    throw failed(
                            uri.toString(),
                            "nomad-local does not unpack archives; set the option archive to \"false\"");
                }
                yield destination.resolve(name.isEmpty() ? "index" : name);
            }
            default -> throw failed(uri.toString(), "nomad-local knows the modes any and file only");
        };
    }

    private static Optional<String> sha256(JsonNode artifact, TaskEnv env) throws SetupException {
        String checksum = env.resolve(
                        Json.at(artifact, "GetterOptions").path("checksum").asText(""))
                .toLowerCase(Locale.ROOT);
        if (checksum.isEmpty()) {
            return Optional.empty();
        }
        String hex = checksum.startsWith("sha256:") ? checksum.substring("sha256:".length()) : checksum;
        if (!hex.matches("[0-9a-f]{64}")) {
            throw failed(
                    Json.text(artifact, "GetterSource"), "nomad-local checks checksums of the form sha256:<hex> only");
        }
        return Optional.of(hex);
    }

    private Path cached(URI uri, String sha256, JsonNode artifact, TaskEnv env)
            throws IOException, InterruptedException {
        Path file = cache.resolve(sha256);
        ReentrantLock lock = fetching.computeIfAbsent(sha256, key -> new ReentrantLock());
        lock.lockInterruptibly();
        try {
            if (!Files.exists(file)) {
                Files.createDirectories(cache);
                Path next = cache.resolve(sha256 + ".next");
                String actual = download(uri, next, artifact, env);
                if (!actual.equals(sha256)) {
                    Files.deleteIfExists(next);
                    throw new IOException("Checksums did not match. Expected: %s Got: %s".formatted(sha256, actual));
                }
                try (FileChannel written = FileChannel.open(next, StandardOpenOption.WRITE)) {
                    written.force(true); // after a power cut it would be there, and empty
                }
                Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            }
        } finally {
            lock.unlock();
        }
        return file;
    }

    /** @return the SHA-256 of what was fetched, in hex */
    private String download(URI uri, Path target, JsonNode artifact, TaskEnv env)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri).timeout(ANSWER);
        artifact.path("GetterHeaders")
                .properties()
                .forEach(header -> request.header(
                        header.getKey(), env.resolve(header.getValue().asText())));
        HttpResponse<InputStream> response = client.send(request.build(), BodyHandlers.ofInputStream());
        try (InputStream body = response.body()) {
            if (response.statusCode() != 200) {
                throw new IOException("bad response code: " + response.statusCode());
            }
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            Files.copy(new DigestInputStream(body, digest), target, StandardCopyOption.REPLACE_EXISTING);
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
