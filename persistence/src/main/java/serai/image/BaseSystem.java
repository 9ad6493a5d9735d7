// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import serai.config.ImageConfig;
import serai.config.RunnerConfig;
import serai.problem.Problem;

/**
 * What an image stands on, as nodes make or find it.
 *
 * @param name of {@code FROM}
 * @param python major.minor that it has to have; empty for whatever it has
 * @param interpreter directory of a Python on the node that is put at {@code /usr/local}; empty for the one that runs the
 *     runner; null for none
 * @param source directory or archive on the nodes; empty: made from the distribution's packages
 */
public record BaseSystem(String name, String python, String interpreter, String source) {
    /** What images of that kind have, and what is true of those that people give. */
    static final Map<String, String> ENVIRONMENT =
            Map.of("PATH", "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin", "LANG", "C.UTF-8");

    private static final Pattern PYTHON =
            Pattern.compile("(?:docker.io/)?(?:library/)?python:(3\\.\\d+)(?:\\.\\d+)?(?:-slim)?(?:-[a-z]+)?");

    static boolean isPython(String from) {
        return PYTHON.matcher(from).matches();
    }

    /** Whether the node's own system and Python will do, so that nothing has to be made. */
    static boolean isHost(String from, ImageConfig images, RunnerConfig runner) {
        var match = PYTHON.matcher(from);
        return match.matches() && !images.bases().containsKey(from) && isRunners(match.group(1), runner);
    }

    /** @throws serai.problem.ProblemException {@link Problem#IMAGE_UNSUPPORTED} for a name that leads to nothing here */
    static BaseSystem of(String from, ImageConfig images, RunnerConfig runner) {
        var given = Optional.ofNullable(images.bases().get(from));
        if (given.isPresent()) {
            return new BaseSystem(from, "", null, given.get());
        }
        var match = PYTHON.matcher(from);
        if (!match.matches()) {
            throw Problem.IMAGE_UNSUPPORTED.because(
                    "FROM %s: nothing is fetched from public registries. Put its files on the nodes, as a directory or an"
                            + " archive, or name an image of a registry that they reach, and say so to the server:"
                            + " serai.image.bases=%s=/path/to/it or %s=docker://registry/image:tag",
                    from, from, from);
        }
        var wanted = match.group(1);
        mustHavePython(wanted, images, runner);
        return new BaseSystem(
                "python:" + wanted,
                wanted,
                isRunners(wanted, runner) ? "" : images.pythons().get(wanted),
                "");
    }

    private static boolean isRunners(String version, RunnerConfig runner) {
        return runner.pythonVersion().map(version::equals).orElse(true);
    }

    /** @throws serai.problem.ProblemException {@link Problem#IMAGE_UNSUPPORTED} for one that the nodes do not have */
    static void mustHavePython(String wanted, ImageConfig images, RunnerConfig runner) {
        if (!isRunners(wanted, runner) && !images.pythons().containsKey(wanted)) {
            throw Problem.IMAGE_UNSUPPORTED.because(
                    "The image asks for Python %s, and the nodes have %s. Say modal.Image.debian_slim(python_version=\"%s\"),"
                            + " or put a Python on the nodes and say so to the server: serai.image.pythons=%s=/its/prefix",
                    wanted,
                    String.join(", ", images.pythonVersions(runner.pythonVersion())),
                    runner.pythonVersion().orElseThrow(),
                    wanted);
        }
    }
}
