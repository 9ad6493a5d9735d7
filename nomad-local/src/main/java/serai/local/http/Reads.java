// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import serai.local.control.RefusedException;
import serai.local.doc.Json;
import serai.local.state.Store;
import serai.local.state.Tables;

/** Reads that may wait until there is something newer than the caller knows. */
final class Reads {
    private static final Duration USUAL_WAIT = Duration.ofMinutes(5);
    private static final Duration LONGEST_WAIT = Duration.ofMinutes(10);
    private static final Pattern DURATION = Pattern.compile("([0-9]+(?:\\.[0-9]+)?)(ms|s|m|h)");

    private final Store store;

    Reads(Store store) {
        this.store = store;
    }

    /**
     * What a read found.
     *
     * @param index of its last change
     * @param missing the text of a 404
     */
    record Found(long index, JsonNode body, Optional<String> missing) {
        static Found of(long index, JsonNode body) {
            return new Found(index, body, Optional.empty());
        }

        static Found nothing(long index, String text) {
            return new Found(index, Json.object(), Optional.of(text));
        }

        static Found of(Optional<Found> found, long index, String otherwise) {
            return found.orElseGet(() -> nothing(index, otherwise));
        }

        private Reply.Whole reply(Page page) {
            if (missing.isEmpty() && body.isArray()) {
                return page.of((ArrayNode) body).asOf(index);
            }
            return missing.map(text -> Reply.text(404, text))
                    .orElseGet(() -> Reply.json(body))
                    .asOf(index);
        }
    }

    Reply answer(Call call, Function<Tables, Found> query) throws InterruptedException {
        long known = index(call);
        Page page = Page.asked(call);
        long deadline = System.nanoTime() + wait(call).toNanos();
        while (true) {
            record Look(Found found, long commit) {}
            Look look = store.read(tables -> new Look(query.apply(tables), tables.index()));
            long left = deadline - System.nanoTime();
            if (known == 0 || look.found().index() > known || left <= 0) {
                return look.found().reply(page);
            }
            store.await(look.commit(), Duration.ofNanos(left));
        }
    }

    private static long index(Call call) {
        try {
            return Long.parseUnsignedLong(
                    call.query("index").filter(t -> !t.isEmpty()).orElse("0"));
        } catch (NumberFormatException e) {
            throw new RefusedException(400, "Invalid index");
        }
    }

    /** With a sixteenth more at random, so that callers do not come back all at once. */
    private static Duration wait(Call call) {
        Duration asked = call.query("wait")
                .filter(t -> !t.isEmpty())
                .map(Reads::duration)
                .orElse(USUAL_WAIT);
        Duration capped = asked.compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : asked;
        return capped.plusNanos(
                (long) (capped.toNanos() / 16.0 * ThreadLocalRandom.current().nextDouble()));
    }

    private static Duration duration(String text) {
        Matcher matcher = DURATION.matcher(text);
        double seconds = 0;
        int end = 0;
        while (matcher.find() && matcher.start() == end) {
            double number = Double.parseDouble(matcher.group(1));
            seconds += switch (matcher.group(2)) {
                case "ms" -> number / 1000;
                case "s" -> number;
                case "m" -> number * 60;
                default -> number * 3600;
            };
            end = matcher.end();
        }
        if (end == 0 || end != text.length()) {
            throw new RefusedException(400, "Invalid wait time");
        }
        return Duration.ofNanos((long) (Math.min(seconds, (double) LONGEST_WAIT.toSeconds()) * 1e9));
    }
}
