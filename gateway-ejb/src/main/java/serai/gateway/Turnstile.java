// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import serai.web.Rate;
import serai.web.RateLimits;
import serai.web.RateLimits.Verdict;
import serai.web.WebRules;

/** How many requests come in: in a time, which all servers count together, and at a time, which each counts for itself. */
@ApplicationScoped
class Turnstile {
    private static final Duration SOON = Duration.ofSeconds(1);

    private final RateLimits rates;
    private final Map<String, Integer> inside = new ConcurrentHashMap<>();

    @Inject
    Turnstile(RateLimits rates) {
        this.rates = rates;
    }

    Turnstile() {
        this(null); // for the server's proxy
    }

    /** One request that is in. Leave it in any case. */
    interface Stay extends AutoCloseable {
        @Override
        void close();
    }

    private record Taken(Rate rate, Verdict verdict) {}

    /**
     * @return what the answer says of the limits; nothing where there are none
     * @throws RefusedException with 429 for one too many
     */
    List<Field> take(String functionId, Caller caller, WebRules rules) {
        var taken = new ArrayList<Taken>();
        rules.callerRate()
                .ifPresent(rate -> taken.add(take(
                        functionId + " " + caller.name(),
                        rate,
                        "this caller may send %d requests in %s".formatted(rate.requests(), rate.per()))));
        rules.rate()
                .ifPresent(rate -> taken.add(take(
                        functionId,
                        rate,
                        "the function takes %d requests in %s".formatted(rate.requests(), rate.per()))));
        return taken.stream()
                .min(Comparator.comparingLong(one -> one.verdict().remaining()))
                .map(Turnstile::told)
                .orElse(List.of());
    }

    private Taken take(String who, Rate rate, String limit) {
        var verdict = rates.take(who, rate);
        var taken = new Taken(rate, verdict);
        if (!verdict.granted()) {
            var refusal = tooMany(limit, verdict.refill());
            for (var field : told(taken)) {
                refusal = refusal.with(field.name(), field.value());
            }
            throw new RefusedException(refusal);
        }
        return taken;
    }

    private static Refusal tooMany(String limit, Duration retryAfter) {
        return new Refusal(429, "too-many-requests", "Too many requests", limit)
                .with("retry-after", Long.toString(seconds(retryAfter)));
    }

    /** As the drafts of the IETF had it, and as clients know it. */
    private static List<Field> told(Taken taken) {
        var rate = taken.rate();
        return List.of(
                new Field("ratelimit-limit", Integer.toString(rate.requests())),
                new Field("ratelimit-remaining", Long.toString(taken.verdict().remaining())),
                new Field(
                        "ratelimit-reset", Long.toString(seconds(taken.verdict().reset()))),
                new Field("ratelimit-policy", rate.requests() + ";w=" + seconds(rate.per())));
    }

    /** Rounded up: who comes back then does not come too early. */
    private static long seconds(Duration duration) {
        return Math.max(1, duration.plusSeconds(1).minusNanos(1).toSeconds());
    }

    /** @throws RefusedException with 429 for one too many */
    Stay enter(String functionId, Caller caller, WebRules rules) {
        var who = functionId + " " + caller.name();
        count(who, rules.callerConcurrency().orElse(Integer.MAX_VALUE), "of this caller");
        try {
            count(functionId, rules.concurrency().orElse(Integer.MAX_VALUE), "of the function");
        } catch (RefusedException e) {
            leave(who);
            throw e;
        }
        return () -> {
            leave(functionId);
            leave(who);
        };
    }

    private void count(String who, int most, String whose) {
        inside.compute(who, (key, before) -> {
            int now = (before == null ? 0 : before) + 1;
            if (now > most) {
                throw new RefusedException(tooMany("%d requests %s are under way".formatted(most, whose), SOON));
            }
            return now;
        });
    }

    private void leave(String who) {
        inside.computeIfPresent(who, (key, before) -> before == 1 ? null : before - 1);
    }
}
