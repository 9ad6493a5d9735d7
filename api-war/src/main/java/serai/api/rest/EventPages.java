// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import serai.call.CallProgress;
import serai.call.Calls;
import serai.event.Events;
import serai.problem.Problem;

/** What happened to a function's containers, a page at a time. */
@ApplicationScoped
public class EventPages {
    private static final Instant EVER = Instant.parse("9999-01-01T00:00:00Z");

    private final Events events;
    private final Calls calls;

    @Inject
    public EventPages(Events events, Calls calls) {
        this.events = events;
        this.calls = calls;
    }

    public EventPages() {
        this(null, null); // for the server's proxy
    }

    Page<EventView> ofFunction(String functionId, String cursor, String limit) {
        return page(functionId, Instant.EPOCH, EVER, cursor, limit);
    }

    /** Between its begin and its end. */
    Page<EventView> ofCall(CallProgress progress, String cursor, String limit) {
        var call = progress.call();
        var end = progress.state().isFinal() ? calls.lastFinish(call.id()).orElse(EVER) : EVER;
        return page(call.functionId(), call.createdAt(), end, cursor, limit);
    }

    private Page<EventView> page(String functionId, Instant from, Instant until, String cursor, String limit) {
        long before = cursor == null ? Long.MAX_VALUE : parse(cursor);
        return Page.of(
                limit,
                size -> events.ofFunction(functionId, from, until, before, size),
                EventView::of,
                last -> Long.toString(last.id()));
    }

    private static long parse(String cursor) {
        if (!cursor.matches("\\d{1,18}")) {
            throw Problem.INVALID_ARGUMENT.because("cursor \"%s\" is none that this list has given", cursor);
        }
        return Long.parseLong(cursor);
    }
}
