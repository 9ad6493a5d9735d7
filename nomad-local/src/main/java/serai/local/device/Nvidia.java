// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.device;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import serai.local.plan.Quantity;

/** Asks NVIDIA's driver, in the words of NVIDIA's plugin for Nomad. */
final class Nvidia {
    /** What nvidia-smi is asked for, and how the plugin calls it. The first four are not attributes. */
    private static final Map<String, Column> COLUMNS = columns();

    /** A driver that hangs must not hold up the agent. */
    private static final int PATIENCE_S = 20;

    private record Column(String attribute, String unit) {}

    private static Map<String, Column> columns() {
        Map<String, Column> columns = new LinkedHashMap<>();
        columns.put("uuid", new Column("", ""));
        columns.put("name", new Column("", ""));
        columns.put("pci.bus_id", new Column("", ""));
        columns.put("memory.total", new Column("memory", "MiB"));
        columns.put("driver_version", new Column("driver_version", ""));
        columns.put("power.limit", new Column("power", "W"));
        columns.put("clocks.max.memory", new Column("memory_clock", "MHz"));
        columns.put("clocks.max.graphics", new Column("cores_clock", "MHz"));
        columns.put("persistence_mode", new Column("persistence_mode", ""));
        return columns;
    }

    private Nvidia() {}

    /** Whether it is worth asking: without a device node there is no device. */
    static boolean isThere(Path dev) {
        try (DirectoryStream<Path> nodes = Files.newDirectoryStream(dev, "nvidia[0-9]*")) {
            return nodes.iterator().hasNext();
        } catch (IOException e) {
            return false;
        }
    }

    /** @throws IOException if the driver's program is not there, fails, or does not answer */
    static List<Group> ask() throws IOException {
        Process process = new ProcessBuilder(
                        "nvidia-smi",
                        "--query-gpu=" + String.join(",", COLUMNS.keySet()),
                        "--format=csv,noheader,nounits")
                .redirectErrorStream(true)
                .start();
        process.getOutputStream().close();
        try {
            Thread reaper = Thread.startVirtualThread(() -> endIfLate(process));
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int status = process.waitFor();
            reaper.interrupt();
            if (status != 0) {
                throw new IOException("nvidia-smi ended with %d: %s".formatted(status, said.strip()));
            }
            return parse(said);
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private static void endIfLate(Process process) {
        try {
            if (!process.waitFor(PATIENCE_S, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // it ended in time
        }
    }

    /** One line for each device. */
    static List<Group> parse(String csv) {
        Map<List<Object>, List<Group.Instance>> models = new LinkedHashMap<>();
        for (String line : csv.lines().filter(l -> !l.isBlank()).toList()) {
            List<String> values =
                    Arrays.stream(line.split(",", -1)).map(String::strip).toList();
            if (values.size() != COLUMNS.size()) {
                throw new IllegalArgumentException("nvidia-smi said '%s'".formatted(line));
            }
            models.computeIfAbsent(List.of(values.get(1), attributes(values)), m -> new ArrayList<>())
                    .add(new Group.Instance(values.get(0), Optional.empty(), values.get(2), Optional.empty()));
        }
        List<Group> groups = new ArrayList<>();
        models.forEach((model, instances) -> groups.add(group(model, instances)));
        return List.copyOf(groups);
    }

    @SuppressWarnings("unchecked") // as it was put in above
    private static Group group(List<Object> model, List<Group.Instance> instances) {
        return new Group(
                "nvidia", "gpu", (String) model.get(0), (Map<String, Quantity>) model.get(1), List.copyOf(instances));
    }

    /** What the card does not know ([N/A]) is left out. */
    private static Map<String, Quantity> attributes(List<String> values) {
        Map<String, Quantity> known = new LinkedHashMap<>();
        int i = 0;
        for (Column column : COLUMNS.values()) {
            String value = values.get(i++);
            if (!column.attribute().isEmpty() && !value.startsWith("[")) {
                known.put(
                        column.attribute(),
                        column.unit().isEmpty()
                                ? new Quantity.Text(value)
                                : Quantity.parse(value.replaceFirst("\\.0+$", "") + " " + column.unit()));
            }
        }
        return known;
    }
}
