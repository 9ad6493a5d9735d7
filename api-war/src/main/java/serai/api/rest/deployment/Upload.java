// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.deployment;

import jakarta.ws.rs.core.EntityPart;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.TreeMap;
import java.util.zip.ZipException;
import java.util.zip.ZipInputStream;
import serai.problem.Problem;

/**
 * A deployment in parts: {@code deployment} is its description in JSON, without {@code sources}; {@code archive} is a zip
 * of the sources, or each part {@code file} is one of them, whose file name is its path.
 *
 * @param deployment JSON
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record Upload(byte[] deployment, Sources sources) {
    private static final String DEPLOYMENT = "deployment";
    private static final String ARCHIVE = "archive";
    private static final String FILE = "file";

    private static final int MAX_DESCRIPTION = 1 << 20;

    /** @throws serai.problem.ProblemException for a part that is missing, unknown or unreadable */
    public static Upload read(List<EntityPart> parts) {
        byte[] deployment = null;
        var files = new TreeMap<String, byte[]>();
        for (var part : parts) {
            switch (part.getName()) {
                case DEPLOYMENT -> deployment = content(part, MAX_DESCRIPTION);
                case ARCHIVE -> unzip(content(part, Sources.MAX_BYTES), files);
                case FILE -> {
                    var path = part.getFileName()
                            .orElseThrow(() -> Problem.INVALID_ARGUMENT.because(
                                    "part \"file\": a file name is needed, which is the file's path"));
                    add(files, path, content(part, Sources.MAX_BYTES));
                }
                default ->
                    throw Problem.INVALID_ARGUMENT.because(
                            "part \"%s\": unknown; there are: %s, %s, %s", part.getName(), DEPLOYMENT, ARCHIVE, FILE);
            }
        }
        if (deployment == null) {
            throw Problem.INVALID_ARGUMENT.because("part \"%s\": missing", DEPLOYMENT);
        }
        return new Upload(deployment, new Sources(files));
    }

    private static byte[] content(EntityPart part, int limit) {
        try (var in = part.getContent()) {
            return read(in, limit, "part \"%s\"".formatted(part.getName()));
        } catch (IOException e) {
            throw Problem.INVALID_ARGUMENT.because("part \"%s\": cut off", part.getName());
        }
    }

    private static byte[] read(InputStream in, int limit, String what) throws IOException {
        var content = in.readNBytes(limit + 1);
        if (content.length > limit) {
            throw Problem.SOURCES_TOO_LARGE.because("%s: at most %d bytes are allowed", what, limit);
        }
        return content;
    }

    /** The sizes that the archive claims are not believed: what comes out is counted. */
    private static void unzip(byte[] archive, TreeMap<String, byte[]> files) {
        long left = Sources.MAX_BYTES;
        try (var zip = new ZipInputStream(new ByteArrayInputStream(archive), StandardCharsets.UTF_8)) {
            var entry = zip.getNextEntry();
            if (entry == null) {
                throw Problem.INVALID_ARGUMENT.because("part \"archive\": no zip, or an empty one");
            }
            for (; entry != null; entry = zip.getNextEntry()) {
                if (entry.isDirectory()) {
                    continue;
                }
                if (files.size() == Sources.MAX_FILES) {
                    throw Problem.SOURCES_TOO_LARGE.because("part \"archive\": more than %d files", Sources.MAX_FILES);
                }
                var content = read(zip, (int) left, "part \"archive\", unpacked");
                left -= content.length;
                add(files, entry.getName(), content);
            }
        } catch (ZipException | IllegalArgumentException e) { // the latter for a name that is not UTF-8
            throw Problem.INVALID_ARGUMENT.because("part \"archive\": no readable zip: %s", e.getMessage());
        } catch (IOException e) {
            throw Problem.INVALID_ARGUMENT.because("part \"archive\": cut off");
        }
    }

    private static void add(TreeMap<String, byte[]> files, String path, byte[] content) {
        if (files.put(path, content) != null) {
            throw Problem.INVALID_ARGUMENT.because("sources[\"%s\"]: there twice", path);
        }
    }

    /** @return everything that makes this deployment another one */
    public byte[] fingerprinted() {
        var all = new ByteArrayOutputStream();
        all.writeBytes(deployment);
        sources.files().forEach((path, content) -> {
            all.writeBytes("\0%s\0%d\0".formatted(path, content.length).getBytes(StandardCharsets.UTF_8));
            all.writeBytes(content);
        });
        return all.toByteArray();
    }
}
