// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.deployment;

import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import serai.api.rest.json.Fields;
import serai.problem.Problem;

/**
 * Files of a deployment, by their path relative to where the functions run.
 *
 * @param files path with {@code /} → content
 */
public record Sources(SortedMap<String, byte[]> files) {
    /** Bytes of all files together: what a program consists of, not what it works on. */
    public static final int MAX_BYTES = 32 << 20;

    public static final int MAX_FILES = 2_000;

    private static final int MAX_PATH = 512;
    private static final String FIELD = "sources";

    public Sources {
        if (files.size() > MAX_FILES) {
            throw Problem.SOURCES_TOO_LARGE.because(
                    "%s: %d files, at most %d are allowed", FIELD, files.size(), MAX_FILES);
        }
        long size = files.values().stream().mapToLong(content -> content.length).sum();
        if (size > MAX_BYTES) {
            throw Problem.SOURCES_TOO_LARGE.because(
                    "%s: %d bytes together, at most %d are allowed", FIELD, size, MAX_BYTES);
        }
        files.keySet().forEach(Sources::mustBeInside);
    }

    /** Inline: path → text, or path → {@code {"text": …}} or {@code {"base64": …}}. */
    static Sources read(Fields deployment) {
        var files = new TreeMap<String, byte[]>();
        deployment.map(FIELD, MAX_FILES).forEach((path, value) -> files.put(path, content(place(path), value)));
        return new Sources(files);
    }

    private static byte[] content(String place, JsonValue value) {
        if (value instanceof JsonString text) {
            return text.getString().getBytes(StandardCharsets.UTF_8);
        }
        if (value instanceof JsonObject object && object.size() == 1) {
            if (object.get("text") instanceof JsonString text) {
                return text.getString().getBytes(StandardCharsets.UTF_8);
            }
            if (object.get("base64") instanceof JsonString base64) {
                try {
                    return Base64.getMimeDecoder().decode(strict(base64.getString()));
                } catch (IllegalArgumentException e) {
                    throw Problem.INVALID_ARGUMENT.because("%s.base64: no base64: %s", place, e.getMessage());
                }
            }
        }
        throw Problem.INVALID_ARGUMENT.because(
                "%s: a string, {\"text\": \"…\"} or {\"base64\": \"…\"} is needed", place);
    }

    /** The lenient decoder, for line breaks, would skip anything else, too. */
    private static String strict(String base64) {
        if (!base64.matches("[A-Za-z0-9+/=\\s]*")) {
            throw new IllegalArgumentException("a character that is not of its alphabet");
        }
        return base64;
    }

    private static String place(String path) {
        return "%s[\"%s\"]".formatted(FIELD, path);
    }

    private static void mustBeInside(String path) {
        var why = flaw(path);
        if (why.isPresent()) {
            throw Problem.INVALID_ARGUMENT.because("%s: %s", place(path), why.get());
        }
    }

    private static Optional<String> flaw(String path) {
        if (path.isEmpty() || path.length() > MAX_PATH) {
            return Optional.of(
                    "a path of 1 to %d characters is needed, this one has %d".formatted(MAX_PATH, path.length()));
        }
        if (path.startsWith("/") || path.matches("[A-Za-z]:.*")) {
            return Optional.of("an absolute path; one relative to the program's folder is needed");
        }
        if (path.indexOf('\\') >= 0 || path.chars().anyMatch(Character::isISOControl)) {
            return Optional.of("a backslash or a control character; folders are separated by /");
        }
        for (var part : path.split("/", -1)) {
            if (part.isEmpty() || part.equals(".") || part.equals("..")) {
                return Optional.of("a part \"%s\"; a path may not leave its folder".formatted(part));
            }
        }
        return Optional.empty();
    }

    Optional<String> text(String path) {
        return Optional.ofNullable(files.get(path)).map(content -> new String(content, StandardCharsets.UTF_8));
    }

    Map<String, byte[]> asMap() {
        return files;
    }
}
