// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "images",
        mixinStandardHelpOptions = true,
        description = {
            "Layers of images: ./serai images collect frees what none needs. The platform has to be up.",
            "docs/images.md says what images are built of, and what that needs of a machine."
        },
        subcommands = ImagesCommand.Collect.class)
final class ImagesCommand {
    @Command(
            name = "collect",
            mixinStandardHelpOptions = true,
            description =
                    "Removes layers that no function uses and nobody asked for in a while, from this machine as well, and from its cache what"
                            + " nobody has used for long. An image that is asked for again is built again. On a cluster run the runner's collect on each node.")
    static final class Collect implements Callable<Integer> {
        @Option(
                names = "--unused-for",
                paramLabel = "SECONDS",
                description = "For so long nobody asked for the image. Default: the server's serai.image.retention.")
        private Integer unusedFor;

        @Option(
                names = "--max-size",
                paramLabel = "MIB",
                description =
                        "If all layers together have more, the oldest go, too. Default: the server's serai.image.max-size.")
        private Integer maxSize;

        @Option(names = "--json", description = "For programs.")
        private boolean json;

        @Override
        public Integer call() {
            var collected = Platform.here().collectImages(unusedFor, maxSize);
            if (json) {
                System.out.println(Json.pretty(collected));
            } else {
                System.out.printf(
                        "%d layers are forgotten. On this machine: %d removed (%.1f MiB), %d not yet, as they are in use or made within"
                                + " the hour, %d needed.%n",
                        collected.layers(),
                        collected.removed(),
                        collected.freed() / 1048576.0,
                        collected.kept(),
                        collected.needed());
                System.out.printf(
                        "%d other entries of this machine's cache are removed that nobody had used for long (%.1f MiB).%n",
                        collected.unused(), collected.unusedFreed() / 1048576.0);
                if (collected.tags() + collected.mended() + collected.unpublished() > 0) {
                    System.out.printf(
                            "In the registry: %d tags removed, %d layers put there again; %d images are lost and are published again"
                                    + " when they are asked for.%n",
                            collected.tags(), collected.mended(), collected.unpublished());
                }
                if (!collected.registry().isEmpty()) {
                    System.out.println(collected.registry());
                }
            }
            return 0;
        }
    }
}
