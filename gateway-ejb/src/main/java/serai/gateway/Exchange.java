// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import static java.lang.System.Logger.Level.WARNING;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpRequest;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import modal.client.Asgi;
import modal.client.DataChunk;
import modal.client.DataFormat;
import modal.client.FunctionCallInvocationType;
import modal.client.WebhookAsyncMode;
import serai.call.Calls;
import serai.call.Chunks;
import serai.call.Chunks.Direction;
import serai.call.NewInput;
import serai.call.Outcome;
import serai.call.Output;
import serai.call.WebCalls;
import serai.call.WebCalls.Waited;
import serai.config.GatewayConfig;
import serai.gateway.Incoming.Piece;
import serai.problem.ProblemException;
import serai.signal.Signals;
import serai.signal.Topic;
import serai.web.WebEndpoint;

/** One request and its answer: plain blocking code on a virtual thread, or on the event loop if nothing has to be waited for. */
final class Exchange implements Runnable {
    private static final System.Logger LOG = System.getLogger(Exchange.class.getName());

    /** Of the public service. */
    static final String CALL_PARAMETER = "__modal_function_call_id";

    /** A body up to this size is read before its function is called: it goes with the call, and no slow client keeps a container. */
    private static final int SMALL_BODY = 64 << 10;

    /** A client that sends this field, whatever its value, is told in {@code server-timing} where the time went. */
    private static final String TIMING_WANTED = "serai-timing";

    /** Containers that are tried for one request. */
    private static final int MOST_DOORS = 2;

    private static final int BATCH = 32;
    private static final int NORMAL = 1000;
    private static final int AWAY = 1001;
    private static final int FAILED = 1011;

    /** How long a function may go on after its WebSocket was closed. */
    private static final Duration GOODBYE = Duration.ofSeconds(10);

    private static final int TAKEN_BYTES = 1 << 20;
    private static final Duration SOON = Duration.ofSeconds(1);
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final Duration RETRY_AFTER = Duration.ofSeconds(5);

    private final Exchanges exchanges;
    private final Channel channel;
    private final Request request;
    private final Incoming incoming;
    private final Reply reply;
    private final GatewayConfig settings;
    private final WebCalls calls;
    private final long begun = System.nanoTime();
    private volatile String callId;
    private volatile Refusal cut;
    private volatile boolean over;
    private final Instant arrived = Instant.now();
    private Rules rules;
    private Caller caller;
    private WebEndpoint endpoint;
    private String called;
    private Optional<Waited> waited = Optional.empty();
    private WebSocket socket;

    Exchange(Exchanges exchanges, Channel channel, Request request, Incoming incoming, Reply reply) {
        this.exchanges = exchanges;
        this.channel = channel;
        this.request = request;
        this.incoming = incoming;
        this.reply = reply;
        this.settings = exchanges.settings();
        this.calls = exchanges.calls();
    }

    /** Something has happened that the call does not tell. */
    void lookAgain() {
        if (callId != null) {
            exchanges.signals().afterCommit(Topic.call(callId));
        }
    }

    /** What the client sends cannot be passed on. */
    void cut(Refusal reason) {
        cut = reason;
        lookAgain();
    }

    boolean isOver() {
        return over;
    }

    boolean isSocket() {
        return request.webSocket();
    }

    @Override
    public void run() {
        conclude(() -> {
            answer();
            return true;
        });
    }

    /**
     * On the event loop: passes a request on to a container that serves HTTP by itself, if all that has to be known for that is known,
     * and neither the database nor a container has to be waited for.
     *
     * @return false if something has: then nothing has happened, and {@link #run} is to do it
     */
    boolean runAtOnce() {
        if (request.webSocket()
                || (request.hasBody() && !incoming.isWhole(Sending.AT_ONCE))
                || Challenges.concern(request)) {
            return false;
        }
        try {
            return exchanges
                    .routes()
                    .known(request)
                    .filter(route -> route.server().isPresent())
                    .filter(this::passAtOnce)
                    .isPresent();
        } catch (RuntimeException e) {
            return false; // whatever it is: it comes again where it is told
        }
    }

    /** @param work whether it is done; else it is begun anew */
    private void conclude(Passage.Outcome work) {
        boolean done = true;
        try {
            done = work.isAnswered();
        } catch (RefusedException e) {
            reply.refuse(e.refusal());
        } catch (ProblemException e) {
            reply.refuse(Refusal.of(e));
        } catch (ClientGoneException e) {
            reply.abort();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            reply.abort();
        } catch (RuntimeException e) {
            LOG.log(WARNING, "request %s %s".formatted(request.method(), request.path()), e);
            reply.refuse(new Refusal(500, "internal", "The server failed", "its log has the reason"));
        } finally {
            if (done) {
                over = true;
                exchanges.journal().write(entry());
            }
        }
        if (!done) {
            exchanges.run(this, reply);
        }
    }

    private Entry entry() {
        return new Entry(
                arrived,
                caller == null ? request.peer().getAddress().getHostAddress() : caller.name(),
                Optional.ofNullable(endpoint)
                        .map(to -> to.appName() + "/" + to.functionName()
                                + (to.method().isEmpty() ? "" : "." + to.method())),
                Optional.ofNullable(callId),
                request.method(),
                request.path(),
                reply.status(),
                incoming.received(),
                reply.sent(),
                times(System.nanoTime()));
    }

    /** @param until as {@link System#nanoTime} counts */
    private Entry.Times times(long until) {
        var begins = Optional.of(reply.startedAt()).filter(nanos -> nanos != 0);
        return new Entry.Times(
                waited.map(Waited::queue),
                waited.map(Waited::start),
                waited.map(Waited::total)
                        .map(total ->
                                Duration.ofNanos(begins.orElse(until) - begun).minus(total))
                        .map(run -> run.isNegative() ? Duration.ZERO : run),
                begins.map(nanos -> Duration.ofNanos(until - nanos)));
    }

    /** What is told to who wants it. */
    private List<Field> timing() {
        return request.headers().contains(TIMING_WANTED)
                ? List.of(new Field("server-timing", times(System.nanoTime()).serverTiming()))
                : List.of();
    }

    private void answer() throws ClientGoneException, InterruptedException {
        var proof = exchanges.challenges().of(request);
        if (proof.isPresent()) {
            reply.start(200, Challenges.fields(proof.get()));
            reply.body(proof.get());
            reply.end(List.of());
            return;
        }
        boolean answered = false;
        while (!answered) {
            try {
                answerByRoute();
                answered = true;
            } catch (RetiredException e) {
                Thread.sleep(Routes.STALE); // by then its name leads to what has taken its place, or to nothing
            }
        }
    }

    private void answerByRoute() throws RetiredException, ClientGoneException, InterruptedException {
        var route = exchanges.routes().of(request);
        settle(route);
        var client = exchanges.forwarding().client(request);
        caller = exchanges.guard().check(request, route, client.host(), rules.all());
        var function = route.endpoint().functionId();
        reply.also(exchanges.turnstile().take(function, caller, rules.all()));
        try (var stay = exchanges.turnstile().enter(function, caller, rules.all())) {
            if (route.server().isPresent()) {
                pass(route, client, route.server().get());
            } else {
                answer(route, client);
            }
        }
    }

    private void settle(Route route) {
        endpoint = route.endpoint();
        rules = exchanges.rules(endpoint);
        reply.patience(rules.clientPatience());
    }

    private boolean passAtOnce(Route route) {
        settle(route);
        if (rules.all().rate().isPresent() || rules.all().callerRate().isPresent()) {
            return false; // these are counted in the database
        }
        var client = exchanges.forwarding().client(request);
        var known = exchanges.guard().known(request, route, client.host(), rules.all());
        var pool = exchanges.known(endpoint);
        if (known.isEmpty() || pool.isEmpty()) {
            return false;
        }
        caller = known.get();
        var question = Question.of(request, route.path(), exchanges.forwarding().fields(request, route, client));
        var stay = exchanges.turnstile().enter(endpoint.functionId(), caller, rules.all());
        boolean passed = false;
        try {
            passed = exchanges
                    .doors()
                    .enterAtOnce(pool.get())
                    .filter(way -> passAtOnce(question, way, stay))
                    .isPresent();
        } finally {
            if (!passed) {
                stay.close();
            }
        }
        return passed;
    }

    private boolean passAtOnce(HttpRequest question, Doors.Pass way, Turnstile.Stay stay) {
        waited = Optional.of(new Waited(Duration.ofNanos(System.nanoTime() - begun), Duration.ZERO));
        boolean passed = false;
        try {
            passed = passage()
                    .passAtOnce(
                            question,
                            way.door(),
                            outcome -> conclude(() -> {
                                try (stay;
                                        way) {
                                    return outcome.isAnswered();
                                }
                            }));
        } finally {
            if (!passed) {
                way.close();
            }
        }
        return passed;
    }

    private Passage passage() {
        return new Passage(exchanges.upstreams(), channel, request, incoming, reply, rules, this::timing);
    }

    /** To a container that serves HTTP by itself. */
    private void pass(Route route, Scope.Address client, Balancer.Limits limits)
            throws RetiredException, ClientGoneException, InterruptedException {
        var question = Question.of(request, route.path(), exchanges.forwarding().fields(request, route, client));
        var passage = passage();
        var pool = exchanges.pool(endpoint);
        for (int tries = 0; tries < MOST_DOORS; tries++) {
            try (var way = exchanges.doors().enter(pool, endpoint, limits, rules, reply)) {
                waited = Optional.of(new Waited(Duration.ofNanos(System.nanoTime() - begun), Duration.ZERO));
                try {
                    passage.pass(question, way.door(), Optional.empty());
                    return;
                } catch (UnreachableException e) {
                    way.avoid();
                    LOG.log(WARNING, "server {0}: {1}", endpoint.functionName(), e.getMessage());
                }
            }
        }
        throw new RefusedException(Refusal.broken("no container of the server took the request"));
    }

    private void answer(Route route, Scope.Address client) throws ClientGoneException, InterruptedException {
        called = exchanges.called().of(route, request);
        var again = request.parameter(CALL_PARAMETER);
        if (again.isPresent()) {
            attach(route, again.get());
            return;
        }
        if (request.webSocket()) {
            WebSocket.check(request);
        }
        if (request.length().filter(length -> length > rules.maxBody()).isPresent()) {
            throw new RefusedException(tooMuch(rules.maxBody()));
        }
        try (var place = exchanges.waiting().enter(route.endpoint().functionId())) {
            admit(route);
            if (request.expectsContinue() && request.hasBody()) {
                reply.proceed();
            }
            start(route, client, place);
            place.isQueued();
            follow(route, place);
        }
    }

    static Refusal tooMuch(long most) {
        return new Refusal(
                413, "body-too-large", "The request is too large", "its body has more than %d bytes".formatted(most));
    }

    /** What waits is bounded; a request too many is told so at once. This one is counted already. */
    private void admit(Route route) {
        var load = exchanges.waiting().of(route.endpoint().functionId());
        if (load.bytes() >= rules.maxWaitingBytes()) {
            throw new RefusedException(Refusal.busy(
                    "the requests that wait for function '%s' hold %d bytes already"
                            .formatted(route.endpoint().functionName(), load.bytes()),
                    RETRY_AFTER));
        }
        if (load.requests() > rules.maxWaiting()
                && calls.waiting(exchanges.target(endpoint, called).poolId()) + load.unborn() > rules.maxWaiting()) {
            throw new RefusedException(Refusal.busy(
                    "%d requests wait for function '%s' already"
                            .formatted(rules.maxWaiting(), route.endpoint().functionName()),
                    RETRY_AFTER));
        }
    }

    private void start(Route route, Scope.Address client, Waiting.Place place) throws InterruptedException {
        var input = Scope.input(request, route, exchanges.forwarding().fields(request, route, client), client);
        boolean pumped = request.webSocket() || (request.hasBody() && !isSmall());
        var first = request.webSocket()
                ? Asgi.newBuilder().setWebsocketConnect(Asgi.WebsocketConnect.getDefaultInstance())
                : Asgi.newBuilder()
                        .setHttpRequest(Asgi.HttpRequest.newBuilder()
                                .setBody(request.hasBody() && !pumped ? wholeBody() : ByteString.EMPTY)
                                .setMoreBody(pumped));
        var ids = Calls.Started.one();
        var opening = chunk(1, first.build());
        place.holds(input.getSerializedSize() + opening.length);
        calls.start(
                exchanges.target(endpoint, called),
                FunctionCallInvocationType.FUNCTION_CALL_INVOCATION_TYPE_SYNC_VALUE,
                new NewInput(0, input.getMethodName(), input.toByteArray()),
                opening,
                ids);
        callId = ids.callId();
        if (pumped) {
            Exchanges.onThread(new Pump(this, calls, exchanges.signals(), incoming, callId, place, rules));
        }
    }

    private boolean isSmall() {
        return request.length().filter(length -> length <= SMALL_BODY).isPresent();
    }

    private ByteString wholeBody() throws InterruptedException {
        var body = ByteString.EMPTY;
        while (true) {
            switch (incoming.take(rules.clientPatience())) {
                case Piece.Body piece -> {
                    body = body.concat(ByteString.copyFrom(piece.content()));
                    if (piece.last()) {
                        return body;
                    }
                }
                case null -> throw new RefusedException(tooSlow(rules.clientPatience()));
                case Piece.TooMuch tooMuch -> throw new RefusedException(tooMuch(rules.maxBody()));
                case Piece.Gone gone -> throw new RefusedException(Refusal.badRequest("the body has no end"));
                case Piece.Text t -> throw new IllegalStateException("no WebSocket yet");
                case Piece.Binary b -> throw new IllegalStateException("no WebSocket yet");
                case Piece.Closed c -> throw new IllegalStateException("no WebSocket yet");
            }
        }
    }

    static Refusal tooSlow(Duration patience) {
        return new Refusal(
                408,
                "request-too-slow",
                "The request was not sent in time",
                "no byte of it came for %s".formatted(patience));
    }

    static byte[] chunk(long ordinal, Asgi message) {
        return DataChunk.newBuilder()
                .setIndex(ordinal)
                .setDataFormat(DataFormat.DATA_FORMAT_ASGI)
                .setData(message.toByteString())
                .build()
                .toByteArray();
    }

    /** The client asks for an answer that it did not wait for before. */
    private void attach(Route route, String id) throws ClientGoneException, InterruptedException {
        switch (calls.claim(id, called)) {
            case UNKNOWN ->
                throw new RefusedException(new Refusal(
                        404,
                        "call-not-found",
                        "There is no such call",
                        "'%s' is no request of this endpoint".formatted(id)));
            case GONE ->
                throw new RefusedException(new Refusal(
                        410, "answer-gone", "The answer is not kept any more", "call '%s' is over".formatted(id)));
            case KEPT -> {}
        }
        callId = id;
        try (var place = exchanges.waiting().enter(route.endpoint().functionId())) {
            follow(route, place);
        }
    }

    /** Sends the answer on as it comes. */
    private void follow(Route route, Waiting.Place place) throws ClientGoneException, InterruptedException {
        boolean wanted = true;
        try (var waiter = exchanges.signals().listen(Topic.call(callId))) {
            wanted = !new Answer(route, waiter).send(place);
        } catch (IllegalArgumentException e) { // of fields and lengths
            LOG.log(
                    WARNING,
                    "function {0} answers what cannot be sent: {1}",
                    route.endpoint().functionName(),
                    e.getMessage());
            reply.refuse(Refusal.broken("the answer cannot be sent: " + e.getMessage()));
        } finally {
            if (wanted) {
                drop();
            }
        }
    }

    /** The answer is not wanted, or cannot be had. */
    private void drop() {
        try {
            waited = exchanges.cancel(callId, "the client has gone");
        } catch (RuntimeException e) {
            LOG.log(WARNING, "call " + callId + " is not cancelled", e);
        }
    }

    /** The answer's way from the container's pieces to the client. */
    private final class Answer {
        private final Route route;
        private final Signals.Waiter waiter;
        private long last;
        private long bytes;
        private List<Field> fields = List.of();
        private boolean trailers;
        private long goodbye;

        Answer(Route route, Signals.Waiter waiter) {
            this.route = route;
            this.waiter = waiter;
        }

        /** @return whether the call needs no end from here: it is over, or somebody will come for its answer */
        boolean send(Waiting.Place place) throws ClientGoneException, InterruptedException {
            while (true) {
                var seen = exchanges.chunks().look(callId, Direction.OUT, last, BATCH);
                for (var piece : seen.chunks()) {
                    place.close();
                    if (take(piece)) {
                        waited = calls.finish(callId);
                        return true;
                    }
                }
                if (!seen.chunks().isEmpty()) {
                    reply.flush();
                    giveBack();
                    continue;
                }
                if (seen.over()) {
                    over();
                    return true;
                }
                if (cut != null) {
                    reply.refuse(cut);
                    return false;
                }
                if (reply.isGone() && !isSayingGoodbye()) {
                    throw new ClientGoneException("the connection has ended");
                }
                if (!reply.isStarted() && isParked()) {
                    return true;
                }
                exchanges.watch().await(waiter, callId, Direction.OUT, last, untilNextLook());
            }
        }

        /** A WebSocket was closed: its function is told, and has a moment to end by itself. */
        private boolean isSayingGoodbye() {
            if (socket == null || !socket.isAccepted()) {
                return false;
            }
            if (goodbye == 0) {
                goodbye = System.nanoTime();
            }
            return System.nanoTime() - goodbye < GOODBYE.toNanos();
        }

        /** Nothing may tell that the time is up. */
        private Duration untilNextLook() {
            if (reply.isGone()) {
                return SOON; // the function has a moment to end
            }
            if (reply.isStarted()) {
                return LONG;
            }
            var waited = waited();
            return Stream.of(rules.maxWait(), rules.redirectAfter())
                    .map(limit -> limit.minus(waited))
                    .filter(Duration::isPositive)
                    .min(Comparator.naturalOrder())
                    .orElse(LONG);
        }

        private Duration waited() {
            return Duration.ofNanos(System.nanoTime() - begun);
        }

        private boolean isParked() {
            var waited = waited();
            if (waited.compareTo(rules.maxWait()) >= 0 && calls.queued(callId).isEmpty()) {
                reply.refuse(Refusal.busy(
                        "no container of function '%s' was free for %s"
                                .formatted(route.endpoint().functionName(), rules.maxWait()),
                        RETRY_AFTER));
                drop();
                return true;
            }
            boolean redirects = !request.webSocket()
                    && route.config().getAsyncMode() != WebhookAsyncMode.WEBHOOK_ASYNC_MODE_DISABLED;
            if (redirects && waited.compareTo(rules.redirectAfter()) >= 0) {
                exchanges.parked().park(callId);
                reply.refuse(new Refusal(
                                303,
                                "answer-elsewhere",
                                "The answer takes its time",
                                "it is to be had at the address in location")
                        .with("location", addressOfAnswer(route)));
                return true;
            }
            return false;
        }

        private void giveBack() {
            if (bytes >= TAKEN_BYTES) {
                calls.taken(callId, Direction.OUT, last);
                bytes = 0;
            }
        }

        /** @return whether it was the last */
        private boolean take(Chunks.Chunk piece) throws ClientGoneException, InterruptedException {
            last = piece.ordinal();
            bytes += piece.content().length;
            var message = read(route.endpoint().workspaceId(), piece.content());
            return switch (message.getTypeCase()) {
                case HTTP_RESPONSE_START -> {
                    begin(message.getHttpResponseStart());
                    yield false;
                }
                case HTTP_RESPONSE_BODY -> body(message.getHttpResponseBody());
                case HTTP_RESPONSE_TRAILERS -> {
                    var more = message.getHttpResponseTrailers();
                    fields = new ArrayList<>(fields);
                    fields.addAll(Field.endToEnd(Field.of(more.getHeadersList())));
                    if (more.getMoreTrailers()) {
                        yield false;
                    }
                    reply.end(fields);
                    yield true;
                }
                case WEBSOCKET_ACCEPT -> {
                    socket().accept(message.getWebsocketAccept());
                    yield false;
                }
                case WEBSOCKET_SEND -> {
                    if (!reply.isGone()) {
                        socket().send(message.getWebsocketSend());
                    }
                    yield false;
                }
                case WEBSOCKET_CLOSE -> {
                    close(message.getWebsocketClose());
                    yield true;
                }
                default -> throw new IllegalArgumentException("a message of kind " + message.getTypeCase());
            };
        }

        private WebSocket socket() {
            if (!request.webSocket()) {
                throw new IllegalArgumentException("a WebSocket where none was asked for");
            }
            if (socket == null) {
                socket = new WebSocket(channel, request, incoming, reply, settings);
            }
            return socket;
        }

        private void close(Asgi.WebsocketClose close) {
            if (socket().isAccepted()) {
                socket.close(close.hasCode() ? close.getCode() : NORMAL, close.getReason());
            } else {
                reply.refuse(new Refusal(
                        403,
                        "websocket-refused",
                        "The function refuses the WebSocket",
                        "it was closed before it was accepted"));
            }
        }

        private void begin(Asgi.HttpResponseStart start) throws ClientGoneException {
            if (reply.isStarted()) {
                throw new IllegalArgumentException("a second answer");
            }
            if (start.getStatus() < 200 || start.getStatus() > 999) {
                throw new IllegalArgumentException("status " + start.getStatus());
            }
            trailers = start.getTrailers();
            var told = new ArrayList<>(Field.endToEnd(Field.of(start.getHeadersList())));
            if (request.headers().contains(TIMING_WANTED)) {
                waited = calls.waited(callId);
            }
            told.addAll(timing());
            reply.start(start.getStatus(), told);
        }

        private boolean body(Asgi.HttpResponseBody part) throws ClientGoneException, InterruptedException {
            if (!reply.isStarted()) {
                throw new IllegalArgumentException("a body before its status");
            }
            reply.body(part.getBody().toByteArray());
            if (part.getMoreBody() || trailers) {
                return false;
            }
            reply.end(List.of());
            return true;
        }

        private void over() {
            var output = calls.output(callId);
            waited = calls.finish(callId);
            if (socket != null && socket.isAccepted()) {
                end(output);
            } else {
                reply.refuse(verdict(route, output));
            }
        }

        /** The function has ended without a word to its WebSocket. */
        private void end(Optional<Output> output) {
            switch (output.map(Output::outcome).orElse(Outcome.SUCCESS)) {
                case SUCCESS -> socket.close(NORMAL, "");
                case FAILURE, INTERNAL_FAILURE -> socket.close(FAILED, "the function failed");
                case TIMEOUT -> socket.close(FAILED, "the function ran longer than its timeout");
                case TERMINATED -> socket.close(AWAY, "the function is stopped");
            }
        }
    }

    private Asgi read(String workspaceId, byte[] content) {
        try {
            var chunk = DataChunk.parseFrom(content);
            if (!chunk.getDataBlobId().isEmpty()) {
                return Asgi.parseFrom(exchanges.blob(workspaceId, chunk.getDataBlobId()));
            }
            return Asgi.parseFrom(chunk.getData());
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException("a message that cannot be read", e);
        }
    }

    private Refusal verdict(Route route, Optional<Output> output) {
        if (output.isEmpty()) {
            return Refusal.broken("call '%s' is not there any more".formatted(callId));
        }
        return switch (output.get().outcome()) {
            case SUCCESS ->
                new Refusal(
                        output.get().ordinal() > 0 && !request.webSocket() ? 500 : 403,
                        "no-answer",
                        "The function gave no answer",
                        "it ended without one");
            case FAILURE -> Refusal.failed();
            case TIMEOUT ->
                Refusal.timedOut("function '%s' ran longer than its timeout"
                        .formatted(route.endpoint().functionName()));
            case TERMINATED ->
                Refusal.busy("the request was cancelled: " + output.get().reason(), RETRY_AFTER);
            case INTERNAL_FAILURE -> Refusal.broken(output.get().reason());
        };
    }

    private String addressOfAnswer(Route route) {
        var query = Arrays.stream(request.query().split("&"))
                .filter(part -> !part.isEmpty() && !part.startsWith(CALL_PARAMETER + "="))
                .collect(Collectors.joining("&"));
        var address = CALL_PARAMETER + "=" + URLEncoder.encode(callId, StandardCharsets.US_ASCII);
        return request.path() + "?" + (query.isEmpty() ? address : query + "&" + address);
    }
}
