// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;

/**
 * Device nodes of stand-ins and what NVIDIA's driver says of them in /proc, below a directory that is to the finders what
 * the root is otherwise. A made node is a file that holds the device's id.
 */
record StandInTree(Path root) {
    private static final List<String> COMMON = List.of("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools");

    void write(List<Group> groups) throws IOException {
        int minor = 0;
        for (Group group : groups) {
            if (!group.isNvidia()) {
                continue;
            }
            for (Group.Instance instance : group.instances()) {
                write(group, instance, minor++);
            }
        }
        if (minor > 0) {
            for (String name : COMMON) {
                put(root.resolve("dev").resolve(name), "stand-in\n");
            }
        }
    }

    private void write(Group group, Group.Instance instance, int minor) throws IOException {
        Path node = root.resolve("dev").resolve("nvidia" + minor);
        if (instance.node().isPresent()) {
            Files.createDirectories(node.getParent());
            Files.deleteIfExists(node);
            Files.createSymbolicLink(node, Path.of(instance.node().get()));
        } else {
            put(node, instance.id() + "\n");
        }
        put(
                root.resolve("proc/driver/nvidia/gpus").resolve(instance.bus()).resolve("information"),
                "Model: \t\t %s%nGPU UUID: \t %s%nDevice Minor: \t %d%n".formatted(group.name(), instance.id(), minor));
    }

    /** Never through a link, which may lead to somebody's file. */
    private static void put(Path file, String content) throws IOException {
        Files.createDirectories(file.getParent());
        if (Files.isSymbolicLink(file)) {
            Files.delete(file);
        }
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)
                || !Files.readString(file).equals(content)) {
            Files.writeString(file, content);
        }
    }
}
