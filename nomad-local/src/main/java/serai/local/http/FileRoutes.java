// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.http;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import serai.local.client.AllocDir;
import serai.local.client.Client;
import serai.local.client.LogReader;
import serai.local.control.Allocations;
import serai.local.control.RefusedException;
import serai.local.doc.Json;
import serai.local.state.Alloc;

/** {@code /v1/client/fs/...}: logs and files of allocations. */
final class FileRoutes {
    private static final Duration POLL = Duration.ofMillis(200);
    private static final Duration HEARTBEAT = Duration.ofSeconds(1);

    private final Allocations allocations;
    private final Client client;

    FileRoutes(Allocations allocations, Client client) {
        this.allocations = allocations;
        this.client = client;
    }

    void addTo(Routes routes) {
        routes.read("/v1/client/fs/logs/*", this::logs)
                .read("/v1/client/fs/cat/*", this::cat)
                .read("/v1/client/fs/ls/*", this::list);
    }

    private Reply logs(Call call) throws IOException {
        String task = call.query("task", "");
        String type = call.query("type", "");
        String origin = call.query("origin", "start");
        if (task.isEmpty()) {
            throw new RefusedException(400, "must provide task name");
        }
        if (!type.equals("stdout") && !type.equals("stderr")) {
            throw new RefusedException(400, "must provide log type (stdout/stderr)");
        }
        if (!origin.equals("start") && !origin.equals("end") && !origin.isEmpty()) {
            throw new RefusedException(400, "origin must be start or end");
        }
        Alloc alloc = known(call);
        boolean exists =
                alloc.job().group(alloc.group()).flatMap(g -> g.task(task)).isPresent();
        if (!exists) {
            throw new RefusedException(400, "unknown task name \"%s\"".formatted(task));
        }
        long offset = offset(call);
        LogReader reader = new LogReader(client.directory(alloc.id()).logs(), task, type, offset, origin.equals("end"));
        boolean plain = call.flag("plain");
        boolean follow = call.flag("follow");
        return new Reply.Flow(plain ? "text/plain" : Reply.JSON, out -> copy(reader, plain, follow, out));
    }

    private static long offset(Call call) {
        try {
            return Long.parseLong(call.query("offset").filter(t -> !t.isEmpty()).orElse("0"));
        } catch (NumberFormatException e) {
            throw new RefusedException(400, "error parsing offset: " + call.query("offset", ""));
        }
    }

    private static void copy(LogReader reader, boolean plain, boolean follow, OutputStream out)
            throws IOException, InterruptedException {
        long lastWrite = System.nanoTime();
        do {
            boolean wrote = false;
            for (LogReader.Frame frame = reader.next(); frame != null; frame = reader.next()) {
                out.write(plain ? frame.data() : Json.bytes(frame(frame)));
                wrote = true;
            }
            if (!wrote && follow && !plain && System.nanoTime() - lastWrite >= HEARTBEAT.toNanos()) {
                out.write("{}".getBytes(StandardCharsets.UTF_8));
                wrote = true;
            }
            if (wrote) {
                lastWrite = System.nanoTime();
                out.flush();
            }
            if (follow) {
                Thread.sleep(POLL);
            }
        } while (follow);
    }

    private static JsonNode frame(LogReader.Frame frame) {
        return Json.object("Data", frame.data(), "File", "alloc/logs/" + frame.file(), "Offset", frame.end());
    }

    private Alloc known(Call call) {
        return allocations
                .find(call.parameter(0))
                .orElseThrow(() -> new RefusedException(404, "Unknown allocation \"%s\"".formatted(call.parameter(0))));
    }

    /** Mistakes are told with status 200, as Nomad does. */
    private Reply cat(Call call) throws IOException {
        Path file = inside(call);
        if (file == null) {
            return Reply.text(200, "Path escapes the alloc directory");
        }
        if (!Files.isRegularFile(file)) {
            return Reply.text(200, "stat %s: no such file or directory".formatted(file));
        }
        return new Reply.Flow(Reply.TEXT, out -> Files.copy(file, out));
    }

    private Path inside(Call call) {
        AllocDir dir = client.directory(known(call).id());
        return dir.inside(call.query("path", "/"));
    }

    private Reply list(Call call) throws IOException {
        Path directory = inside(call);
        if (directory == null) {
            return Reply.text(200, "Path escapes the alloc directory");
        }
        if (!Files.isDirectory(directory)) {
            return Reply.text(200, "open %s: no such file or directory".formatted(directory));
        }
        try (Stream<Path> entries = Files.list(directory)) {
            var list = Json.array();
            for (Path entry : entries.sorted().toList()) {
                try {
                    list.add(shown(entry));
                } catch (NoSuchFileException e) {
                    continue; // logs rotate while one looks
                }
            }
            return Reply.json(list);
        }
    }

    private static JsonNode shown(Path entry) throws IOException {
        boolean isDirectory = Files.isDirectory(entry);
        return Json.object(
                "FileMode", (isDirectory ? "d" : "-") + mode(entry),
                "IsDir", isDirectory,
                "ModTime", Files.getLastModifiedTime(entry).toInstant().toString(),
                "Name", entry.getFileName().toString(),
                "Size", Files.size(entry));
    }

    private static String mode(Path file) throws IOException {
        return java.nio.file.attribute.PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }
}
