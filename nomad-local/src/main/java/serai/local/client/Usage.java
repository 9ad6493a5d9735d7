// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** What the processes of a task use, by {@code /proc}: everything in its session and everything that descends from it. */
public final class Usage {
    /** USER_HZ: 100 on every Linux that Java runs on. */
    private static final double TICKS_PER_SECOND = 100;

    private static final long PAGE = 4096;

    /** The sample before, for what was used since. Guarded by this. */
    private final Map<Long, Times> before = new HashMap<>();

    private long beforeAt;

    private record Times(long user, long system) {}

    /**
     * One process, or all of them.
     *
     * @param user of one core, in per cent, since the last look
     * @param rss bytes of memory
     */
    public record Figures(double user, double system, long rss, long swap) {
        public static final Figures NONE = new Figures(0, 0, 0, 0);

        public Figures plus(Figures other) {
            return new Figures(user + other.user, system + other.system, rss + other.rss, swap + other.swap);
        }
    }

    private record Stat(long pid, long parent, long session, long user, long system, long rssPages) {
        static Stat parse(String line) {
            String[] fields = ProcessId.afterName(line);
            return new Stat(
                    Long.parseLong(line, 0, line.indexOf(' '), 10),
                    Long.parseLong(fields[1]),
                    Long.parseLong(fields[3]),
                    Long.parseLong(fields[11]),
                    Long.parseLong(fields[12]),
                    Long.parseLong(fields[21]));
        }
    }

    /** @return by process ID; at the first look what each used is unknown and 0 */
    synchronized Map<Long, Figures> of(ProcessId task) throws IOException {
        Map<Long, Stat> all = all();
        long now = System.nanoTime();
        double seconds = (now - beforeAt) / 1e9;
        Map<Long, Figures> figures = new TreeMap<>();
        Map<Long, Times> sample = new HashMap<>();
        for (long pid : family(task.pid(), all)) {
            Stat stat = all.get(pid);
            Times then = before.get(pid);
            boolean known = then != null && stat.user() >= then.user() && seconds > 0;
            figures.put(
                    pid,
                    new Figures(
                            known ? percent(stat.user() - then.user(), seconds) : 0,
                            known ? percent(stat.system() - then.system(), seconds) : 0,
                            stat.rssPages() * PAGE,
                            swap(pid)));
            sample.put(pid, new Times(stat.user(), stat.system()));
        }
        before.clear();
        before.putAll(sample);
        beforeAt = now;
        return figures;
    }

    private static double percent(long ticks, double seconds) {
        return ticks / TICKS_PER_SECOND / seconds * 100;
    }

    private static Set<Long> family(long root, Map<Long, Stat> all) {
        Set<Long> family = new HashSet<>();
        all.values().stream()
                .filter(stat -> stat.session() == root || stat.pid() == root)
                .forEach(stat -> family.add(stat.pid()));
        boolean grown = !family.isEmpty();
        while (grown) {
            grown = false;
            for (Stat stat : all.values()) {
                grown |= family.contains(stat.parent()) && family.add(stat.pid());
            }
        }
        return family;
    }

    private static Map<Long, Stat> all() throws IOException {
        Map<Long, Stat> all = new HashMap<>();
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : processes) {
                read(process.resolve("stat")).map(Stat::parse).ifPresent(stat -> all.put(stat.pid(), stat));
            }
        }
        return all;
    }

    private static long swap(long pid) {
        return read(Path.of("/proc/" + pid + "/status")).stream()
                .flatMap(String::lines)
                .filter(line -> line.startsWith("VmSwap:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024)
                .sum();
    }

    private static Optional<String> read(Path file) {
        try {
            String text = Files.readString(file, StandardCharsets.ISO_8859_1).strip();
            return text.isEmpty() ? Optional.empty() : Optional.of(text);
        } catch (IOException e) {
            return Optional.empty(); // it has ended
        }
    }
}
