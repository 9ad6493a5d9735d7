// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.mount;

import java.util.Objects;
import java.util.regex.Pattern;
import serai.problem.Problem;

/**
 * One file of a mount.
 *
 * @param path absolute in the container
 * @param sha256 hex digest of the content
 * @param mode permission bits, 0 to 0777
 */
public record MountFile(String path, String sha256, int mode) {
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
    private static final int PERMISSIONS = 0777;
    private static final int READABLE = 0644;

    public MountFile {
        Objects.requireNonNull(path);
        if (!path.startsWith("/") || path.endsWith("/") || path.indexOf('\0') >= 0 || leavesItsPlace(path)) {
            throw Problem.INVALID_ARGUMENT.because(
                    "mount file \"%s\": an absolute path without \"..\" is needed", path);
        }
        if (!SHA256.matcher(sha256).matches()) {
            throw Problem.INVALID_ARGUMENT.because("mount file \"%s\": \"%s\" is no SHA-256 in hex", path, sha256);
        }
        mode = mode == 0 ? READABLE : mode & PERMISSIONS;
    }

    private static boolean leavesItsPlace(String path) {
        for (var part : path.substring(1).split("/", -1)) {
            if (part.isEmpty() || part.equals(".") || part.equals("..")) {
                return true;
            }
        }
        return false;
    }
}
