// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Says what is being done and how long it took: one line for each step when it is over and, on a terminal, one line that shows
 * the steps under way. It writes to standard error; standard output belongs to the program that is run.
 */
final class Progress implements AutoCloseable {
    /** One step; what it says last before its end is what its line tells. */
    interface Step {
        void says(String doing);
    }

    private record Running(long since, String doing) {}

    private final PrintStream out;
    private final boolean live;
    private final long start = System.nanoTime();
    private final Map<String, Running> running = new LinkedHashMap<>();
    private final Thread painter;
    private volatile boolean open = true;

    Progress(PrintStream out, boolean live) {
        this.out = out;
        this.live = live;
        painter = live ? Thread.ofVirtual().start(this::paint) : null;
    }

    static Progress onTerminal() {
        return new Progress(
                System.err, System.console() != null && System.console().isTerminal());
    }

    <T> T step(String name, String doing, Function<Step, T> work) {
        long since = System.nanoTime();
        show(name, since, doing);
        try {
            T result = work.apply(text -> show(name, since, text));
            finish(name, "");
            return result;
        } catch (RuntimeException e) {
            finish(name, " FAILED");
            throw e;
        }
    }

    void line(String text) {
        synchronized (running) {
            clear();
            out.println(text);
        }
    }

    double seconds() {
        return seconds(start);
    }

    private void show(String name, long since, String doing) {
        synchronized (running) {
            running.put(name, new Running(since, doing));
        }
    }

    private void finish(String name, String mark) {
        synchronized (running) {
            var step = running.remove(name);
            line(String.format(Locale.ROOT, "  %-9s %-62s %5.1f s%s", name, step.doing, seconds(step.since), mark));
        }
    }

    private void paint() {
        while (open) {
            synchronized (running) {
                if (!running.isEmpty()) {
                    var text = running.entrySet().stream()
                            .map(entry -> String.format(
                                    Locale.ROOT,
                                    "%s: %s %.0f s",
                                    entry.getKey(),
                                    entry.getValue().doing,
                                    seconds(entry.getValue().since)))
                            .collect(Collectors.joining(" · "));
                    out.print("\r\033[K  " + (text.length() > 110 ? text.substring(0, 109) + "…" : text));
                    out.flush();
                }
            }
            Pause.millis(120);
        }
    }

    private void clear() {
        if (live) {
            out.print("\r\033[K");
        }
    }

    private static double seconds(long since) {
        return (System.nanoTime() - since) / 1e9;
    }

    @Override
    public void close() {
        open = false;
        synchronized (running) {
            clear();
            out.flush();
        }
        if (painter != null) {
            painter.interrupt();
        }
    }
}
