// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import jakarta.json.Json;
import jakarta.json.stream.JsonGeneratorFactory;
import java.io.StringWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * What became of a request.
 *
 * @param caller a proxy token's id, or an address
 * @param function its app, a slash, its name; empty for a request that led nowhere
 * @param path without the query, which may hold secrets
 * @param status 0 if there was no answer
 * @param received bytes of the body, or of messages
 * @param sent as well
 */
record Entry(
        Instant time,
        String caller,
        Optional<String> function,
        Optional<String> call,
        String method,
        String path,
        int status,
        long received,
        long sent,
        Times times) {
    private static final double NANOS_PER_MILLI = 1e6;

    /** To find it takes longer than all else that is done for a line. */
    private static final JsonGeneratorFactory JSON = Json.createGeneratorFactory(Map.of());

    /**
     * Where its time went.
     *
     * @param queue until a container took it, without its start
     * @param start of the container that took it, as far as the request waited for that
     * @param run from there to the first byte of the answer
     * @param transfer from the first byte to the last
     */
    record Times(
            Optional<Duration> queue, Optional<Duration> start, Optional<Duration> run, Optional<Duration> transfer) {
        /** As the field {@code server-timing} has it. */
        String serverTiming() {
            var text = new StringBuilder();
            add(text, "queue", queue);
            add(text, "start", start);
            add(text, "run", run);
            return text.toString();
        }

        private static void add(StringBuilder text, String name, Optional<Duration> length) {
            length.ifPresent(duration -> text.append(text.isEmpty() ? "" : ", ")
                    .append(name)
                    .append(";dur=")
                    .append(millis(duration)));
        }
    }

    /** As JSON. */
    String line() {
        var text = new StringWriter();
        try (var line = JSON.createGenerator(text)) {
            line.writeStartObject().write("time", time.toString()).write("caller", caller);
            function.ifPresent(name -> line.write("function", name));
            call.ifPresent(id -> line.write("call", id));
            line.write("method", method)
                    .write("path", path)
                    .write("status", status)
                    .write("received", received)
                    .write("sent", sent);
            times.queue.ifPresent(length -> line.write("queue_ms", millis(length)));
            times.start.ifPresent(length -> line.write("start_ms", millis(length)));
            times.run.ifPresent(length -> line.write("run_ms", millis(length)));
            times.transfer.ifPresent(length -> line.write("transfer_ms", millis(length)));
            line.writeEnd();
        }
        return text.toString();
    }

    private static double millis(Duration length) {
        return Math.round(length.toNanos() / NANOS_PER_MILLI * 1000) / 1000.0;
    }
}
