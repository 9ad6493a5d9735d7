// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.secret;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import serai.problem.Problem;

/**
 * What a secret holds: names and values of variables. It says neither in words, as words end up in logs.
 *
 * @param values checked to be what a process can be given
 */
public record Variables(Map<String, String> values) {
    private static final int MAX_VARIABLES = 1_000;
    private static final int MAX_NAME = 255;

    /** Bytes: Linux gives a process no longer string, MAX_ARG_STRLEN, and it holds the name and two more characters. */
    private static final int MAX_VARIABLE = (128 << 10) - 2;

    /** Bytes in all: a process has 2 MiB for its variables and its arguments, of which the image and the platform have some. */
    static final int MAX_BYTES = 1 << 20;

    public Variables {
        if (values.size() > MAX_VARIABLES) {
            throw Problem.INVALID_SECRET.because(
                    "a secret of %d variables, at most %d are allowed", values.size(), MAX_VARIABLES);
        }
        values = new TreeMap<>(values);
        int total = 0;
        for (var variable : values.entrySet()) {
            total += check(variable.getKey(), variable.getValue());
        }
        if (total > MAX_BYTES) {
            throw Problem.INVALID_SECRET.because("a secret of %d bytes, at most %d are allowed", total, MAX_BYTES);
        }
    }

    private static int check(String name, String value) {
        if (name.isEmpty() || name.length() > MAX_NAME || name.indexOf('=') >= 0 || name.indexOf('\0') >= 0) {
            throw Problem.INVALID_SECRET.because(
                    "variable name \"%s\": 1 to %d characters are needed, without \"=\" and U+0000",
                    name.replace("\0", "\uFFFD"), MAX_NAME);
        }
        if (value.indexOf('\0') >= 0) {
            throw Problem.INVALID_SECRET.because(
                    "the value of %s has the character U+0000, which no variable can", name);
        }
        int bytes = bytes(name).length + bytes(value).length;
        if (bytes > MAX_VARIABLE) {
            throw Problem.INVALID_SECRET.because(
                    "%s has %d bytes with its name, at most %d are allowed", name, bytes, MAX_VARIABLE);
        }
        return bytes;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    byte[] serialized() {
        try (var bytes = new ByteArrayOutputStream();
                var out = new DataOutputStream(bytes)) {
            out.writeInt(values.size());
            for (var variable : values.entrySet()) {
                write(out, variable.getKey());
                write(out, variable.getValue());
            }
            return bytes.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Variables parse(byte[] serialized) {
        try (var in = new DataInputStream(new ByteArrayInputStream(serialized))) {
            var values = new TreeMap<String, String>();
            for (int left = in.readInt(); left > 0; left--) {
                var name = read(in);
                values.put(name, read(in));
            }
            return new Variables(values);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(DataOutputStream out, String text) throws IOException {
        var bytes = bytes(text);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    private static String read(DataInputStream in) throws IOException {
        return new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
        return "%d variables".formatted(values.size());
    }
}
