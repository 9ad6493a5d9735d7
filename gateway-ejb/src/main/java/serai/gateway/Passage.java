// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import serai.gateway.Upstream.Part;
import serai.serve.Door;

/**
 * A request that a container's own server answers, passed on as it is, and its answer back: on the event loop of its connection as
 * long as nothing has to be waited for, else by plain blocking code on a virtual thread.
 */
final class Passage {
    /** RFC 9110, section 9.2.2: these may be sent twice. */
    private static final Set<String> IDEMPOTENT = Set.of("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE");

    /**
     * Servers close connections that wait, and a request may meet that. What must not be sent twice takes one that has just been used,
     * which no server closes so soon.
     */
    private static final Duration JUST_NOW = Duration.ofSeconds(1);

    private static final Duration EVER = Duration.ofDays(365);

    /** How a request that was begun on the event loop ends. Whoever is given it has to see it through, once. */
    interface Outcome {
        /**
         * @return false if not a byte of an answer came, and it does no harm to ask again
         * @throws RefusedException if there is no answer, or not all of it
         */
        boolean isAnswered() throws ClientGoneException, InterruptedException;
    }

    /** How far an answer has come. */
    private enum Progress {
        MORE,
        WHOLE,
        TUNNELLED,
        UNTOUCHED
    }

    private interface Progressing {
        Progress get() throws ClientGoneException, InterruptedException;
    }

    private static final int FIRST_STATUS = 200;
    private static final int LAST_STATUS = 999;

    private final Upstreams upstreams;
    private final Channel channel;
    private final Request request;
    private final Incoming incoming;
    private final Reply reply;
    private final Rules rules;
    private final Supplier<List<Field>> told;

    /**
     * @param channel of the client
     * @param told what the head of an answer says in addition, asked when it is sent
     */
    Passage(
            Upstreams upstreams,
            Channel channel,
            Request request,
            Incoming incoming,
            Reply reply,
            Rules rules,
            Supplier<List<Field>> told) {
        this.told = told;
        this.upstreams = upstreams;
        this.channel = channel;
        this.request = request;
        this.incoming = incoming;
        this.reply = reply;
        this.rules = rules;
    }

    /**
     * Returns when the answer is given to the client's connection, or the WebSocket has ended.
     *
     * @param limit of all that; empty for none
     * @throws UnreachableException if the container did not take the request: another one may be asked by this method again
     * @throws RefusedException if there is no answer, or not all of it
     */
    void pass(HttpRequest question, Door door, Optional<Duration> limit)
            throws UnreachableException, ClientGoneException, InterruptedException {
        long until = System.nanoTime() + limit.orElse(EVER).toNanos();
        if (isTooLong()) {
            throw new RefusedException(Exchange.tooMuch(rules.maxBody()));
        }
        var kept = kept(door);
        if (kept.isPresent() && new Attempt(kept.get(), limit, until).answers(question)) {
            return;
        }
        var fresh = upstreams.connect(door, channel.eventLoop());
        if (!new Attempt(fresh, limit, until).answers(question)) {
            throw new UnreachableException(
                    "container '%s' closed the connection without an answer".formatted(door.containerId()));
        }
    }

    /**
     * On the event loop of the client's connection: by a connection to the container that lives there, too, without waiting for
     * anything. All of the request is here.
     *
     * @param ended told once, there or on a thread that may wait
     * @return false if there is no such connection; then nothing has happened
     */
    boolean passAtOnce(HttpRequest question, Door door, Consumer<Outcome> ended) {
        if (isTooLong()) {
            return false;
        }
        var kept = upstreams.kept(door, patience(), channel.eventLoop());
        kept.ifPresent(upstream ->
                new Attempt(upstream, Optional.empty(), System.nanoTime() + EVER.toNanos()).start(question, ended));
        return kept.isPresent();
    }

    /** One of this event loop, so that the next request may do without threads; else one of another, which comes here. */
    private Optional<Upstream> kept(Door door) throws InterruptedException {
        var near = upstreams.kept(door, patience(), channel.eventLoop());
        if (near.isPresent()) {
            return near;
        }
        var far = upstreams.kept(door, patience());
        if (far.isPresent() && !far.get().moveTo(channel.eventLoop())) {
            far.get().release();
            return Optional.empty();
        }
        return far;
    }

    private Duration patience() {
        return isRepeatable() ? EVER : JUST_NOW;
    }

    private boolean isTooLong() {
        return request.length().filter(length -> length > rules.maxBody()).isPresent();
    }

    private boolean isRepeatable() {
        return !request.hasBody() && IDEMPOTENT.contains(request.method());
    }

    /** One connection's try. */
    private final class Attempt {
        private final Upstream upstream;
        private final Optional<Duration> limit;
        private final long until;
        private final Sending sending;
        private boolean lasts;
        private List<Field> trailers = List.of();

        Attempt(Upstream upstream, Optional<Duration> limit, long until) {
            this.upstream = upstream;
            this.limit = limit;
            this.until = until;
            this.sending = new Sending(upstream, request, incoming, rules);
        }

        /** @return false if not a byte of an answer came, and it does no harm to ask again */
        boolean answers(HttpRequest question) throws ClientGoneException, InterruptedException {
            return finish(() -> {
                ask(question);
                return follow();
            });
        }

        /** On the event loop. */
        void start(HttpRequest question, Consumer<Outcome> ended) {
            upstream.whenCome(() -> goOn(ended));
            try {
                ask(question);
            } catch (InterruptedException | RuntimeException e) {
                end(ended, () -> {
                    throw e;
                });
            }
        }

        /** On the event loop. When the client takes no more for now, a thread waits for it, and does the rest. */
        private void goOn(Consumer<Outcome> ended) {
            Progressing last;
            try {
                var progress = asFarAsItGoes();
                if (progress == Progress.MORE) {
                    if (!mayGoOn()) {
                        upstream.whenCome(null);
                        Exchanges.onThread(() -> ended.accept(() -> finish(this::follow)));
                    }
                    return;
                }
                last = () -> progress;
            } catch (ClientGoneException | InterruptedException | RuntimeException e) {
                last = () -> {
                    throw e;
                };
            }
            end(ended, last);
        }

        private boolean mayGoOn() {
            return channel.isWritable() || !channel.isActive();
        }

        private Progress asFarAsItGoes() throws ClientGoneException, InterruptedException {
            var progress = Progress.MORE;
            while (progress == Progress.MORE && mayGoOn()) {
                var part = upstream.poll();
                if (part == null) {
                    flush();
                    return progress;
                }
                progress = take(part);
            }
            return progress;
        }

        private void end(Consumer<Outcome> ended, Progressing last) {
            upstream.whenCome(null);
            ended.accept(() -> finish(last));
        }

        private Progress follow() throws ClientGoneException, InterruptedException {
            var progress = Progress.MORE;
            while (progress == Progress.MORE) {
                progress = take(next());
            }
            return progress;
        }

        private Progress take(Part part) throws ClientGoneException, InterruptedException {
            return switch (part) {
                case Part.Head head
                when head.response().status().equals(HttpResponseStatus.SWITCHING_PROTOCOLS) -> {
                    tunnel(head.response());
                    yield Progress.TUNNELLED;
                }
                case Part.Head head -> {
                    begin(head.response());
                    yield Progress.MORE;
                }
                case Part.Body body -> {
                    reply.body(body.content());
                    yield Progress.MORE;
                }
                case Part.End last -> {
                    trailers = Field.endToEnd(fields(last.trailers()));
                    yield Progress.WHOLE;
                }
                case Part.Broken broken -> {
                    becauseOfTheClient();
                    flush(); // what has come is the client's, though it is not all
                    if (broken.untouched() && isRepeatable()) {
                        yield Progress.UNTOUCHED;
                    }
                    throw broken(broken.reason());
                }
            };
        }

        private boolean finish(Progressing work) throws ClientGoneException, InterruptedException {
            var progress = Progress.MORE;
            try {
                progress = work.get();
            } catch (IllegalArgumentException e) { // of fields and lengths
                throw broken(e.getMessage());
            } finally {
                reply.whateverHappens();
                leave(progress == Progress.WHOLE);
            }
            if (progress == Progress.WHOLE) {
                reply.end(trailers);
            }
            return progress != Progress.UNTOUCHED;
        }

        /** The connection is used again only if nothing is left on it, of the request or the answer. */
        private void leave(boolean answered) {
            boolean asked = sending.stop() || !request.hasBody();
            if (asked && answered && lasts) {
                upstreams.giveBack(upstream);
            } else {
                upstream.release();
            }
        }

        private void ask(HttpRequest question) throws InterruptedException {
            reply.whenGone(upstream::close);
            upstream.ask(question, !request.hasBody());
            if (request.hasBody()) {
                if (request.expectsContinue()) {
                    reply.proceed();
                }
                sending.start();
            }
        }

        private Part next() throws ClientGoneException, InterruptedException {
            if (left() <= 0) {
                throw timedOut();
            }
            var part = upstream.poll();
            if (part == null) {
                flush();
                part = upstream.take(left());
            }
            if (part == null) {
                throw timedOut();
            }
            return part;
        }

        private void flush() {
            if (reply.isStarted()) {
                reply.flush();
            }
        }

        private void becauseOfTheClient() throws ClientGoneException {
            if (reply.isGone()) {
                throw new ClientGoneException("the connection has ended");
            }
            if (sending.cut() != null) {
                throw new RefusedException(sending.cut());
            }
        }

        private long left() {
            return until - System.nanoTime();
        }

        private RefusedException timedOut() {
            return new RefusedException(
                    Refusal.timedOut("the request took longer than %s".formatted(limit.orElse(EVER))));
        }

        private RefusedException broken(String reason) {
            return new RefusedException(Refusal.broken("the container's answer cannot be passed on: " + reason));
        }

        private void begin(HttpResponse head) throws ClientGoneException {
            if (head.protocolVersion().majorVersion() != 1) {
                throw new IllegalArgumentException("version " + head.protocolVersion());
            }
            int code = head.status().code();
            if (code < FIRST_STATUS || code > LAST_STATUS) {
                throw new IllegalArgumentException("status " + code);
            }
            var encodings = head.headers().getAll(HttpHeaderNames.TRANSFER_ENCODING);
            if (!encodings.isEmpty()
                    && !(encodings.size() == 1
                            && HttpHeaderValues.CHUNKED.contentEqualsIgnoreCase(encodings.getFirst()))) {
                throw new IllegalArgumentException("transfer-encoding other than chunked is not understood");
            }
            lasts = HttpUtil.isKeepAlive(head);
            var fields = new ArrayList<>(Field.endToEnd(fields(head.headers())));
            fields.addAll(told.get());
            reply.start(code, fields);
        }

        /** Both have agreed on a WebSocket. */
        private void tunnel(HttpResponse head) throws InterruptedException {
            if (!request.webSocket()
                    || !head.headers().contains(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET, true)) {
                throw new IllegalArgumentException("it changes to a protocol that was not asked for");
            }
            var tunnel = new Tunnel(channel, upstream);
            reply.handOver();
            tunnel.open(Field.endToEnd(fields(head.headers())));
            var patience = Duration.ZERO;
            try {
                patience = tunnel.await(left()) ? rules.clientPatience() : Duration.ZERO;
            } finally {
                tunnel.close(patience);
                reply.count(tunnel.sent());
                incoming.count(tunnel.received());
            }
        }
    }

    private static List<Field> fields(HttpHeaders headers) {
        var fields = new ArrayList<Field>(headers.size());
        for (var entry : headers) {
            fields.add(new Field(entry.getKey().toLowerCase(Locale.ROOT), entry.getValue()));
        }
        return fields;
    }
}
