// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.device;

import java.io.IOException;
import java.io.Reader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import serai.problem.Problem;

/**
 * The table from the names that deployers use to what nodes report. A row of it reads
 *
 * <pre>{@code A100 = nvidia/gpu; model regexp A100; memory >= 35 GiB; prefer memory < 50 GiB}</pre>
 *
 * that is the kind of device, conditions, and preferences. In the syntax of Java's properties files; a row without
 * anything behind its name takes the name away.
 */
public final class DeviceNames {
    private static final String PREFER = "prefer ";

    private final Map<String, DeviceRequest> rows;

    private DeviceNames(Map<String, DeviceRequest> rows) {
        this.rows = Collections.unmodifiableMap(rows);
    }

    /** An empty table. */
    static DeviceNames none() {
        return new DeviceNames(Map.of());
    }

    /**
     * This table with further rows; one of a name that is there replaces it.
     *
     * @throws IllegalArgumentException for a row that cannot be read, with its name
     */
    DeviceNames with(Reader more) throws IOException {
        var read = new Properties();
        read.load(more);
        var all = new TreeMap<>(rows);
        for (var name : read.stringPropertyNames()) {
            var row = read.getProperty(name).strip();
            var key = name.toUpperCase(Locale.ROOT);
            if (row.isEmpty()) {
                all.remove(key);
            } else {
                all.put(key, row(name, row));
            }
        }
        return new DeviceNames(all);
    }

    private static DeviceRequest row(String name, String row) {
        var parts = Arrays.stream(row.split(";", -1)).map(String::strip).toList();
        var needs = new ArrayList<Condition>();
        var prefers = new ArrayList<Condition>();
        try {
            if (parts.getFirst().isEmpty()
                    || parts.getFirst().contains(" ") && !parts.getFirst().contains("/")) {
                throw new IllegalArgumentException("'%s' is not a kind of device".formatted(parts.getFirst()));
            }
            for (var part : parts.subList(1, parts.size())) {
                if (part.startsWith(PREFER)) {
                    prefers.add(Condition.parse(part.substring(PREFER.length()).strip()));
                } else {
                    needs.add(Condition.parse(part));
                }
            }
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("%s: %s".formatted(name, e.getMessage()), e);
        }
        return new DeviceRequest(parts.getFirst(), 1, needs, prefers);
    }

    /** @throws serai.problem.ProblemException {@link Problem#INVALID_ARGUMENT} for an unknown name, with the known ones */
    public DeviceRequest request(Gpu gpu) {
        var row = rows.get(gpu.name());
        if (row == null) {
            throw Problem.INVALID_ARGUMENT.because(
                    "gpu '%s' is not known here. Known are: %s", gpu.name(), String.join(", ", rows.keySet()));
        }
        return new DeviceRequest(row.kind(), gpu.count(), row.needs(), row.prefers());
    }

    /** By their names. */
    public Map<String, DeviceRequest> rows() {
        return rows;
    }
}
