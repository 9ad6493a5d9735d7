// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.logging.FileHandler;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.stream.Collectors;
import org.eclipse.microprofile.metrics.Counter;
import org.eclipse.microprofile.metrics.Histogram;
import org.eclipse.microprofile.metrics.Metadata;
import org.eclipse.microprofile.metrics.MetadataBuilder;
import org.eclipse.microprofile.metrics.MetricRegistry;
import org.eclipse.microprofile.metrics.Tag;
import serai.config.GatewayConfig;

/** What became of requests: a line for each in the access log, and how long their parts took in {@code /metrics}. */
@ApplicationScoped
class Journal {
    private static final int FILE_BYTES = 20_000_000;
    private static final int FILES = 5;
    private static final int FUNCTIONS = 1_000;
    private static final System.Logger LOG = System.getLogger(Journal.class.getName());
    private static final long NANOS_PER_MICRO = 1_000;

    private static final Metadata PARTS = new MetadataBuilder()
            .withName("serai_web_microseconds")
            .withDescription("How long the parts of requests took: queue, start, run, transfer")
            .build();

    private static final Metadata REQUESTS = new MetadataBuilder()
            .withName("serai_web_requests")
            .withDescription("Requests that were answered, by the first digit of their status")
            .build();

    /** Lines are written together, so long after the first of them at most: who answers does not wait for a disk. */
    private static final Duration TOGETHER = Duration.ofMillis(50);

    /** Beyond so many, as a disk stands still, lines are lost: who answers must not wait for it. */
    private static final int MOST_UNWRITTEN = 10_000;

    private final MetricRegistry registry;
    private final GatewayConfig settings;
    private final ReentrantLock lock = new ReentrantLock();
    private final ReentrantLock writing = new ReentrantLock(); // taken first
    private List<Entry> unwritten = new ArrayList<>();
    private long lost;
    private FileHandler file;

    private final Cache<String, Meter> meters = Caffeine.newBuilder()
            .maximumSize(FUNCTIONS)
            .executor(Runnable::run) // a common pool's threads would outlive the application
            .evictionListener(
                    (String key, Meter meter, com.github.benmanes.caffeine.cache.RemovalCause why) -> meter.end())
            .build();

    @Inject
    Journal(MetricRegistry registry, GatewayConfig settings) {
        this.registry = registry;
        this.settings = settings;
    }

    Journal() {
        this(null, null); // for the server's proxy
    }

    @PostConstruct
    void open() {
        settings.accessLog().ifPresent(path -> file = open(Path.of(path)));
    }

    private static FileHandler open(Path path) {
        try {
            if (path.toAbsolutePath().getParent() != null) {
                Files.createDirectories(path.toAbsolutePath().getParent());
            }
            var handler = new FileHandler(path.toString().replace("%", "%%") + ".%g", FILE_BYTES, FILES, true);
            handler.setFormatter(new Formatter() {
                @Override
                public String format(LogRecord record) {
                    return record.getMessage() + "\n";
                }
            });
            return handler;
        } catch (IOException e) {
            throw new IllegalStateException("serai.gateway.access-log %s cannot be written".formatted(path), e);
        }
    }

    @PreDestroy
    void close() {
        if (file != null) {
            writeOut();
            file.close();
        }
    }

    void write(Entry entry) {
        if (file != null) {
            log(entry);
        }
        entry.function().ifPresent(name -> meters.get(name, Meter::new).count(entry));
    }

    private void log(Entry entry) {
        boolean isFirst;
        lock.lock();
        try {
            isFirst = unwritten.isEmpty();
            if (unwritten.size() < MOST_UNWRITTEN) {
                unwritten.add(entry);
            } else {
                lost++;
            }
        } finally {
            lock.unlock();
        }
        if (isFirst) {
            Exchanges.onThread(this::writeSoon);
        }
    }

    private void writeSoon() {
        try {
            Thread.sleep(TOGETHER);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        writeOut();
    }

    private void writeOut() {
        writing.lock();
        try {
            var entries = takeAll();
            if (!entries.isEmpty()) {
                file.publish(new LogRecord(
                        Level.INFO, entries.stream().map(Entry::line).collect(Collectors.joining("\n"))));
            }
        } finally {
            writing.unlock();
        }
    }

    private List<Entry> takeAll() {
        lock.lock();
        try {
            if (lost > 0) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "{0} lines of the access log are lost: its disk is too slow",
                        lost);
                lost = 0;
            }
            var all = unwritten;
            unwritten = new ArrayList<>();
            return all;
        } finally {
            lock.unlock();
        }
    }

    /** The metrics of one function. */
    private final class Meter {
        private final String function;
        private final Map<String, Histogram> parts;
        private final Map<Integer, Counter> counters =
                new ConcurrentHashMap<>(); // to look one up takes the registry a while

        private Meter(String function) {
            this.function = function;
            this.parts = Map.of(
                    "queue", part("queue"), "start", part("start"), "run", part("run"), "transfer", part("transfer"));
        }

        private Histogram part(String name) {
            return registry.histogram(PARTS, new Tag("function", function), new Tag("part", name));
        }

        private void count(Entry entry) {
            counters.computeIfAbsent(entry.status() / 100, this::counter).inc();
            var times = entry.times();
            update("queue", times.queue());
            update("start", times.start());
            update("run", times.run());
            update("transfer", times.transfer());
        }

        private Counter counter(int digit) {
            return registry.counter(REQUESTS, new Tag("function", function), new Tag("status", digit + "xx"));
        }

        private void update(String name, Optional<Duration> length) {
            length.ifPresent(duration -> parts.get(name).update(duration.toNanos() / NANOS_PER_MICRO));
        }

        private void end() {
            registry.removeMatching((id, metric) -> id.getName().startsWith("serai_web_")
                    && function.equals(id.getTags().get("function")));
        }
    }
}
