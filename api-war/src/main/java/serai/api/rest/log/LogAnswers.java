// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.log;

import jakarta.annotation.Resource;
import jakarta.enterprise.concurrent.ManagedExecutorService;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.bind.Jsonb;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.container.AsyncResponse;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import serai.api.http.JsonFormat;
import serai.log.LogChunk;
import serai.log.Logs;
import serai.server.ServerResources;
import serai.signal.Signals;
import serai.signal.Topic;

/** Answers with logs. Whoever follows holds a virtual thread and none of the listener's. */
@ApplicationScoped
public class LogAnswers {
    /** JSON lines. */
    public static final String LINES = "application/x-ndjson";

    /** After which a follower has to come again with its last cursor. */
    private static final Duration LONGEST = Duration.ofMinutes(30);

    /** Runners send what was written at intervals: the last of it comes after the end of a call. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(3);

    /** An empty line now and then: proxies stay patient, and a follower that has gone is noticed. */
    private static final Duration SIGN_OF_LIFE = Duration.ofSeconds(15);

    private final Logs logs;
    private final Signals signals;
    private final Jsonb json = new JsonFormat().getContext(LogLine.class);

    @Resource(lookup = ServerResources.VIRTUAL)
    private ManagedExecutorService virtual;

    @Inject
    public LogAnswers(Logs logs, Signals signals) {
        this.logs = logs;
        this.signals = signals;
    }

    public LogAnswers() {
        this(null, null); // for the server's proxy
    }

    /** @param isOver whether no more will be written but for what is on its way */
    public void answer(AsyncResponse answer, String appId, Logs.Filter scope, BooleanSupplier isOver, LogQuery query) {
        var filter = scope.narrowed(query.stream(), query.search());
        long after = query.after();
        int limit = query.limit();
        var page = page(appId, filter, after, limit);
        if (!query.follow()) {
            answer.resume(page);
            return;
        }
        StreamingOutput lines = out -> follow(appId, filter, after, isOver, out);
        virtual.execute(() -> answer.resume(Response.ok(lines, LINES).build()));
    }

    private LogPage page(String appId, Logs.Filter filter, long after, int limit) {
        var found = logs.after(appId, after, filter, limit + 1);
        var shown = found.subList(0, Math.min(limit, found.size()));
        var items = shown.stream()
                .flatMap(chunk -> filter.of(chunk).stream())
                .map(LogLine::of)
                .toList();
        var next = shown.isEmpty()
                ? (after == 0 ? null : Long.toString(after))
                : LogLine.of(shown.getLast()).cursor();
        return new LogPage(items, found.size() > limit, next);
    }

    private void follow(String appId, Logs.Filter filter, long from, BooleanSupplier isOver, OutputStream out)
            throws IOException {
        long end = System.nanoTime() + LONGEST.toNanos();
        long after = from;
        long overSince = 0;
        long saidAt = System.nanoTime();
        try (var waiter = signals.listen(Topic.app(appId))) {
            while (System.nanoTime() < end && !signals.haveEnded()) {
                boolean over = isOver.getAsBoolean(); // read first: the last logs are committed after it
                var found = logs.after(appId, after, filter, LogQuery.MAX);
                long now = System.nanoTime();
                if (!found.isEmpty()) {
                    write(
                            out,
                            found.stream()
                                    .flatMap(chunk -> filter.of(chunk).stream())
                                    .toList());
                    after = found.getLast().ordinal();
                    saidAt = now;
                    continue;
                }
                overSince = over ? (overSince == 0 ? now : overSince) : 0;
                if (over && now - overSince > LAST_WORDS.toNanos()) {
                    return;
                }
                if (now - saidAt > SIGN_OF_LIFE.toNanos()) {
                    out.write('\n');
                    out.flush();
                    saidAt = now;
                }
                waiter.await(Signals.SAFETY_NET);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new WebApplicationException("the server is stopping", Response.Status.SERVICE_UNAVAILABLE);
        }
    }

    private void write(OutputStream out, List<LogChunk> chunks) throws IOException {
        for (var chunk : chunks) {
            out.write(json.toJson(LogLine.of(chunk)).getBytes(StandardCharsets.UTF_8));
            out.write('\n');
        }
        out.flush();
    }
}
