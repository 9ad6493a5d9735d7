// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import java.util.List;
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
 * @param micromamba program on the nodes that is put into it; null for none
 */
public record BaseSystem(String name, String python, String interpreter, String source, String micromamba) {
    private static final String PATH = "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin";

    private static final Map<String, String> ENVIRONMENT = Map.of("PATH", PATH, "LANG", "C.UTF-8");

    private static final Pattern MICROMAMBA = Pattern.compile("(?:docker.io/)?mambaorg/micromamba(?:[:@].+)?");

    /** As the public image has it; there the words before a container's command say where Python is. */
    private static final Map<String, String> MICROMAMBAS = Map.of(
            "PATH", "/opt/conda/bin:" + PATH,
            "LANG", "C.UTF-8",
            "LC_ALL", "C.UTF-8",
            "ENV_NAME", "base",
            "MAMBA_ROOT_PREFIX", "/opt/conda",
            "MAMBA_EXE", "/bin/micromamba",
            "MAMBA_USER", "mambauser");

    private static final Pattern PYTHON =
            Pattern.compile("(?:docker.io/)?(?:library/)?python:(3\\.\\d+)(?:\\.\\d+)?(?:-slim)?(?:-[a-z]+)?");

    /** Variables that images of that name have, and what is true of those that people give. */
    static Map<String, String> environment(String from) {
        return isMicromamba(from) ? MICROMAMBAS : ENVIRONMENT;
    }

    /** Words before a container's command; empty for none. */
    static Optional<List<String>> entrypoint(String from) {
        return isMicromamba(from) ? Optional.of(List.of("/usr/local/bin/_entrypoint.sh")) : Optional.empty();
    }

    /** What reads commands in place of the usual shell. */
    static Optional<List<String>> shell(String from) {
        return isMicromamba(from) ? Optional.of(List.of("/usr/local/bin/_dockerfile_shell.sh")) : Optional.empty();
    }

    private static boolean isMicromamba(String from) {
        return MICROMAMBA.matcher(from).matches();
    }

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
            return new BaseSystem(from, "", null, given.get(), null);
        }
        if (isMicromamba(from)) {
            return new BaseSystem("micromamba", "", null, "", micromamba(from, images));
        }
        var match = PYTHON.matcher(from);
        if (from.equals("scratch")) {
            throw Problem.IMAGE_UNSUPPORTED.because(
                    "FROM scratch: no function can run in an image without a system. Such images are for sandboxes to mount,"
                            + " which this version does not have");
        }
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
                "",
                null);
    }

    private static String micromamba(String from, ImageConfig images) {
        return images.micromamba()
                .orElseThrow(() -> Problem.IMAGE_UNSUPPORTED.because(
                        "FROM %s: micromamba is not fetched from the network. Put the program on the nodes and say so to the"
                                + " server: serai.image.micromamba=/path/to/micromamba. Or name an image of it:"
                                + " serai.image.bases=%s=/path/to/it or %s=docker://registry/image:tag",
                        from, from, from));
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
