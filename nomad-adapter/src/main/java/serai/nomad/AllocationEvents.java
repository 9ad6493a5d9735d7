// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import static java.lang.System.Logger.Level.ERROR;
import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.hashicorp.nomad.apimodel.AllocationListStub;
import com.hashicorp.nomad.javasdk.NomadJson;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.apache.http.client.methods.HttpUriRequest;
import serai.cluster.Allocation;
import serai.cluster.Cluster;

/**
 * Follows Nomad's event stream on a virtual thread of its own.
 *
 * <p>Nomad keeps its last events in memory only and does not say when it has forgotten some. So each connection first
 * subscribes, then lists and tells everything, then tells the events that are newer than the list: between the three
 * nothing can be lost. Nomad itself ends a stream whose reader is too slow.
 */
final class AllocationEvents implements Cluster.Watch {
    private static final System.Logger LOG = System.getLogger(AllocationEvents.class.getName());

    /** Nomad sends {@code {}} every 30 s: two of them are missing. */
    private static final Duration SILENCE = Duration.ofSeconds(75);

    private static final ObjectMapper JSON = new ObjectMapper();

    private final NomadTransport transport;
    private final Consumer<Allocation> listener;
    private final Backoff backoff =
            new Backoff(Duration.ofMillis(100), Duration.ofSeconds(10), RandomGenerator.getDefault());
    private final Thread thread = Thread.ofVirtual().name("nomad-events").unstarted(this::run);

    /** The index up to which everything has been told; 0 before the first list. */
    private long told;

    private HttpUriRequest connection; // guarded by this
    private boolean closed; // guarded by this

    private AllocationEvents(NomadTransport transport, Consumer<Allocation> listener) {
        this.transport = transport;
        this.listener = listener;
    }

    static AllocationEvents follow(NomadTransport transport, Consumer<Allocation> listener) {
        var events = new AllocationEvents(transport, listener);
        events.thread.start();
        return events;
    }

    /** Returns when the listener will not be called any more; called by the listener itself, at once. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            if (connection != null) {
                connection.abort();
            }
            notifyAll();
        }
        if (Thread.currentThread() == thread) {
            return;
        }
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        while (!isClosed()) {
            try {
                connect();
            } catch (NomadUnreachable | NomadRefused | IOException e) {
                if (!isClosed()) {
                    LOG.log(WARNING, "no events from Nomad: {0}", e.getMessage());
                }
            } catch (RuntimeException e) {
                LOG.log(ERROR, "events from Nomad not understood", e);
            }
            pause(backoff.next());
        }
    }

    private void connect() throws IOException {
        var request = transport.stream("/v1/event/stream", subscription(), SILENCE);
        if (!admitted(request)) {
            return;
        }
        try (var response = transport.open(request)) {
            long listed = tellAll();
            if (listed < told) { // a restored or another cluster: what we subscribed to may never come
                told = listed;
                return;
            }
            told = listed;
            backoff.reset();
            LOG.log(INFO, "following the events of Nomad");
            // not closed by itself: that would read to the end, which never comes
            var lines = new BufferedReader(
                    new InputStreamReader(response.getEntity().getContent(), StandardCharsets.UTF_8));
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                tellNews(JSON.readTree(line), listed);
            }
            LOG.log(INFO, "Nomad ended the events");
        }
    }

    /** The index only keeps the repetition short: without one Nomad repeats all that it still has. */
    private Map<String, String> subscription() {
        var topic = Map.of("topic", "Allocation:*");
        return told == 0 ? topic : Map.of("topic", "Allocation:*", "index", Long.toString(told));
    }

    /** @return the index of the list, in which the events up to it are contained */
    private long tellAll() throws IOException {
        var ours = "JobID matches \"^%s\"".formatted(RunnerJob.PREFIX);
        var answer = transport.get("/v1/allocations", Map.of("filter", ours));
        for (var allocation : NomadJson.deserializeList(answer.body(), AllocationListStub.class)) {
            tell(ReportedAllocation.of(allocation));
        }
        return answer.index();
    }

    /** @param line one change with its index, or {@code {}}, a sign of life; several lines may have the same index */
    private void tellNews(JsonNode line, long listed) throws IOException {
        long at = line.path("Index").asLong();
        if (at <= listed) {
            return;
        }
        for (var event : line.path("Events")) {
            var allocation = event.path("Payload").path("Allocation");
            if (event.path("Topic").asText().equals("Allocation") && allocation.isObject()) {
                tell(ReportedAllocation.of(
                        NomadJson.deserialize(allocation.toString(), com.hashicorp.nomad.apimodel.Allocation.class)));
            }
        }
        told = at;
    }

    private void tell(ReportedAllocation allocation) {
        if (!allocation.isOurs()) {
            return;
        }
        try {
            listener.accept(allocation.toAllocation());
        } catch (RuntimeException e) {
            LOG.log(ERROR, "the listener failed at allocation " + allocation.id(), e);
        }
    }

    private synchronized boolean admitted(HttpUriRequest request) {
        connection = request;
        return !closed;
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    private synchronized void pause(Duration duration) {
        long end = System.nanoTime() + duration.toNanos();
        try {
            for (long left = duration.toNanos(); left > 0 && !closed; left = end - System.nanoTime()) {
                TimeUnit.NANOSECONDS.timedWait(this, left);
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts this thread", e);
        }
    }
}
