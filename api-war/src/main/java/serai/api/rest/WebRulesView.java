// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import jakarta.json.JsonString;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import serai.api.rest.json.Fields;
import serai.web.Networks;
import serai.web.Rate;
import serai.web.WebRules;

/** What a function that is called by HTTP asks of its callers. A null is as the server's settings have it. */
public record WebRulesView(
        RateView rate,
        RateView callerRate,
        Integer concurrency,
        Integer callerConcurrency,
        List<String> allowed,
        Integer maxWaiting,
        Long maxWaitingBytes,
        Double maxWaitS,
        Long maxBody,
        Double redirectAfterS,
        Double clientPatienceS) {
    private static final int MOST = 1_000_000;
    private static final double LONGEST_S = 86_400;
    private static final double SHORTEST_S = 0.001;
    private static final int MOST_RANGES = 1_000;
    private static final double MILLIS = 1000;

    /** @param perS seconds */
    public record RateView(int requests, double perS) {
        private static RateView of(Rate rate) {
            return new RateView(rate.requests(), seconds(rate.per()));
        }
    }

    static WebRulesView of(WebRules rules) {
        return new WebRulesView(
                rules.rate().map(RateView::of).orElse(null),
                rules.callerRate().map(RateView::of).orElse(null),
                rules.concurrency().orElse(null),
                rules.callerConcurrency().orElse(null),
                rules.allowed().map(Networks::texts).orElse(null),
                rules.maxWaiting().orElse(null),
                rules.maxWaitingBytes().orElse(null),
                rules.maxWait().map(WebRulesView::seconds).orElse(null),
                rules.maxBody().orElse(null),
                rules.redirectAfter().map(WebRulesView::seconds).orElse(null),
                rules.clientPatience().map(WebRulesView::seconds).orElse(null));
    }

    static WebRules read(Fields fields) {
        return new WebRules(
                fields.object("rate", WebRulesView::rate),
                fields.object("caller_rate", WebRulesView::rate),
                fields.integer("concurrency", 1, MOST),
                fields.integer("caller_concurrency", 1, MOST),
                allowed(fields),
                fields.integer("max_waiting", 1, MOST),
                bytes(fields, "max_waiting_bytes"),
                duration(fields, "max_wait_s"),
                bytes(fields, "max_body"),
                duration(fields, "redirect_after_s"),
                duration(fields, "client_patience_s"));
    }

    private static Rate rate(Fields fields) {
        return new Rate(
                fields.integer("requests", 1, MOST).orElseThrow(() -> fields.missing("requests")),
                duration(fields, "per_s").orElseThrow(() -> fields.missing("per_s")));
    }

    private static Optional<Networks> allowed(Fields fields) {
        return fields.array("allowed").map(array -> {
            if (array.isEmpty() || array.size() > MOST_RANGES) {
                throw fields.refused("allowed", "%d ranges: 1 to %d are possible", array.size(), MOST_RANGES);
            }
            try {
                return Networks.of(array.stream()
                        .map(value -> value instanceof JsonString text ? text.getString() : value.toString())
                        .toList());
            } catch (IllegalArgumentException e) {
                throw fields.refused("allowed", "%s", e.getMessage());
            }
        });
    }

    private static Optional<Long> bytes(Fields fields, String name) {
        return fields.number(name, 0, 1L << 50).map(Double::longValue);
    }

    private static Optional<Duration> duration(Fields fields, String name) {
        return fields.number(name, SHORTEST_S, LONGEST_S)
                .map(seconds -> Duration.ofMillis(Math.round(seconds * MILLIS)));
    }

    private static double seconds(Duration duration) {
        return duration.toMillis() / MILLIS;
    }
}
