// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import serai.local.control.RefusedException;
import serai.local.doc.Json;
import serai.local.state.Event;
import serai.local.state.EventBuffer;

/** {@code /v1/event/stream}. */
final class EventRoutes {
    private static final Duration HEARTBEAT = Duration.ofSeconds(30);
    private static final byte[] BEAT = "{}\n".getBytes(StandardCharsets.UTF_8);

    private final EventBuffer events;

    EventRoutes(EventBuffer events) {
        this.events = events;
    }

    void addTo(Routes routes) {
        routes.read("/v1/event/stream", this::stream);
    }

    private record Topic(String name, String key) {
        boolean covers(Event event) {
            return (name.equals("*") || name.equals(event.topic())) && event.concerns(key);
        }
    }

    private Reply stream(Call call) {
        List<Topic> topics = topics(call);
        long index = index(call);
        return new Reply.Flow(Reply.JSON, out -> {
            EventBuffer.Reader reader = events.from(index);
            out.write(BEAT);
            out.flush();
            try {
                copy(reader, call, topics, out);
            } catch (EventBuffer.GapException e) {
                // The caller was too slow. The end of the stream tells it to list again and to come back.
            }
        });
    }

    private static void copy(EventBuffer.Reader reader, Call call, List<Topic> topics, OutputStream out)
            throws IOException, InterruptedException, EventBuffer.GapException {
        long lastBeat = System.nanoTime();
        while (true) {
            Duration left = HEARTBEAT.minusNanos(System.nanoTime() - lastBeat);
            boolean wrote = false;
            for (Event.Line line : reader.take(left.isNegative() ? Duration.ZERO : left)) {
                ArrayNode wanted = wanted(line, call, topics);
                if (!wanted.isEmpty()) {
                    out.write(Json.bytes(Json.object("Index", line.index(), "Events", wanted)));
                    out.write('\n');
                    wrote = true;
                }
            }
            if (System.nanoTime() - lastBeat >= HEARTBEAT.toNanos()) {
                out.write(BEAT);
                lastBeat = System.nanoTime();
                wrote = true;
            }
            if (wrote) {
                out.flush();
            }
        }
    }

    private static ArrayNode wanted(Event.Line line, Call call, List<Topic> topics) {
        ArrayNode wanted = Json.array();
        for (Event event : line.events()) {
            boolean visible = event.namespace().isEmpty() || call.inNamespace(event.namespace());
            if (visible && topics.stream().anyMatch(topic -> topic.covers(event))) {
                wanted.add(event.json(line.index()));
            }
        }
        return wanted;
    }

    private static List<Topic> topics(Call call) {
        List<Topic> topics = new ArrayList<>();
        for (String text : call.query().getOrDefault("topic", List.of("*"))) {
            String[] parts = text.split(":", -1);
            if (parts.length > 2) {
                throw new RefusedException(
                        400,
                        "Invalid topic query: error parsing topics: Invalid key value pair for topic, topic: " + text);
            }
            topics.add(new Topic(parts[0], parts.length == 2 && !parts[1].isEmpty() ? parts[1] : "*"));
        }
        return topics;
    }

    private static long index(Call call) {
        String text = call.query("index", "");
        try {
            return text.isEmpty() ? 0 : Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new RefusedException(
                    400, "Unable to parse index: strconv.Atoi: parsing \"%s\": invalid syntax".formatted(text));
        }
    }
}
