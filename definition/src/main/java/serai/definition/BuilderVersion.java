// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.definition;

import java.util.regex.Pattern;

/**
 * How a client writes down its images. Each client knows those up to its own time and refuses the others, so it is told the
 * newest that it knows: which that is, the files of the published packages say.
 */
public final class BuilderVersion {
    private static final Pattern VERSION = Pattern.compile("(\\d{1,6})\\.(\\d{1,6})(?:\\.(\\d{1,6}))?.*");

    private BuilderVersion() {}

    /** @param client the Python package's version; for what is none, such as another language's, the newest */
    public static String of(String client) {
        var match = VERSION.matcher(client);
        if (!match.matches() || match.group(1).equals("0")) {
            return ImageLayers.BUILDER_VERSION;
        }
        long number = number(match.group(1)) * 1_000_000_000_000L
                + number(match.group(2)) * 1_000_000L
                + (match.group(3) == null ? 0 : number(match.group(3)));
        if (number >= number(1, 6, 3)) {
            return ImageLayers.BUILDER_VERSION;
        }
        return number >= number(1, 1, 0) ? "2025.06" : "2024.10";
    }

    private static long number(String digits) {
        return Long.parseLong(digits);
    }

    private static long number(int major, int minor, int patch) {
        return major * 1_000_000_000_000L + minor * 1_000_000L + patch;
    }
}
