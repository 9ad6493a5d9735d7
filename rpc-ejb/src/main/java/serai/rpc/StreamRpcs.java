// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import com.google.protobuf.Empty;
import com.google.protobuf.InvalidProtocolBufferException;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.List;
import modal.client.DataChunk;
import modal.client.FunctionCallGetDataRequest;
import modal.client.FunctionCallPutDataRequest;
import modal.client.ModalClientGrpc;
import serai.call.Calls;
import serai.call.Chunks;
import serai.call.Chunks.Direction;
import serai.call.FunctionCall;
import serai.call.StreamWatch;
import serai.call.WebCalls;
import serai.problem.Problem;
import serai.server.ServerContext;
import serai.signal.Signals;
import serai.signal.Topic;

/** What a running call streams: values of a generator; an HTTP request and its answer. */
@ApplicationScoped
class StreamRpcs implements RpcFeature {
    /** The client opens the stream again at once when it ends, so it is held. */
    private static final Duration HELD = Duration.ofSeconds(55);

    private static final int BATCH = 16;

    /** How long the writer of an HTTP answer is held whose reader does not read; its input's own time limit ends it. */
    private static final Duration WRITER_HELD = Duration.ofSeconds(50);

    private static final int LARGE = 256 << 10;
    private static final int MANY = 64;
    private final KnownCalls known;
    private final Calls calls;
    private final Chunks chunks;
    private final WebCalls webCalls;
    private final StreamWatch watch;
    private final OpenStreams open;
    private final LongPoll poll;
    private final ServerContext context;

    @Inject
    StreamRpcs(
            KnownCalls known,
            Calls calls,
            Chunks chunks,
            WebCalls webCalls,
            StreamWatch watch,
            OpenStreams open,
            Signals signals,
            ServerContext context) {
        this.known = known;
        this.calls = calls;
        this.chunks = chunks;
        this.webCalls = webCalls;
        this.watch = watch;
        this.open = open;
        this.context = context;
        this.poll = new LongPoll(signals);
    }

    StreamRpcs() {
        this(null, null, null, null, null, null, null, null); // for the server's proxy
    }

    @Override
    public void register(Methods methods) {
        methods.streaming(ModalClientGrpc.getFunctionCallGetDataOutMethod(), this::results)
                .streaming(ModalClientGrpc.getFunctionCallGetDataInMethod(), this::feed)
                .direct(ModalClientGrpc.getFunctionCallPutDataOutMethod(), this::put);
    }

    private Empty put(Caller caller, FunctionCallPutDataRequest request) throws InterruptedException {
        caller.mustBeContainer();
        var call = known.of(caller, request.getFunctionCallId());
        var written = request.getDataChunksList().stream()
                .map(c -> new Chunks.Chunk(c.getIndex(), c.toByteArray()))
                .toList();
        if (call.kind() != FunctionCall.Kind.WEB) {
            context.run(() -> chunks.append(call.id(), Direction.OUT, written));
            return Empty.getDefaultInstance();
        }
        webCalls.answer(call.id(), written);
        if (isWorthALook(request, written)) {
            // the container goes on when the answer is given: as fast as the request's sender takes what it says
            poll.until(
                    Topic.room(call.id()),
                    WRITER_HELD,
                    () -> webCalls.backlog(call.id(), Direction.OUT),
                    backlog -> backlog <= WebCalls.BACKLOG);
        }
        return Empty.getDefaultInstance();
    }

    /** Not for each piece of an answer, of which most have one or two. */
    private static boolean isWorthALook(FunctionCallPutDataRequest request, List<Chunks.Chunk> written) {
        return request.getSerializedSize() >= LARGE || written.stream().anyMatch(c -> c.ordinal() % MANY == 0);
    }

    private void results(Caller caller, FunctionCallGetDataRequest request, Methods.Sink<DataChunk> sink)
            throws InterruptedException {
        try (var stream = open.open(request.getFunctionCallId())) {
            read(known.of(caller, request.getFunctionCallId()), Direction.OUT, request.getLastIndex(), sink);
        }
    }

    private void feed(Caller caller, FunctionCallGetDataRequest request, Methods.Sink<DataChunk> sink)
            throws InterruptedException {
        var call = known.of(caller, request.getFunctionCallId());
        if (call.kind() != FunctionCall.Kind.WEB) {
            read(call, Direction.IN, request.getLastIndex(), sink);
            return;
        }
        var sent = new SentWindow(request.getLastIndex());
        read(call, Direction.IN, request.getLastIndex(), chunk -> {
            if (!sent.isNext(chunk.getIndex())) {
                throw Problem.CALL_NOT_FOUND.because(
                        "Chunk %d of FunctionCall '%s' is not kept any more", sent.next(), call.id());
            }
            sink.send(chunk);
            sent.add(chunk.getIndex(), chunk.getSerializedSize())
                    .ifPresent(upTo -> webCalls.taken(call.id(), Direction.IN, upTo));
        });
    }

    private void read(KnownCall call, Direction direction, long lastIndex, Methods.Sink<DataChunk> sink)
            throws InterruptedException {
        long last = lastIndex;
        long end = System.nanoTime() + HELD.toNanos();
        while (true) {
            long after = last;
            var left = Duration.ofNanos(Math.max(0, end - System.nanoTime()));
            var seen = poll.until(
                    direction == Direction.IN ? Topic.feed(call.id()) : Topic.call(call.id()),
                    0,
                    left,
                    () -> chunks.look(call.id(), direction, after, BATCH),
                    Chunks.Look::isWorthAnAnswer,
                    (waiter, atMost) -> watch.await(waiter, call.id(), direction, after, atMost));
            for (var chunk : seen.chunks()) {
                sink.send(parse(chunk.content()));
                last = chunk.ordinal();
            }
            if (seen.chunks().isEmpty()) {
                return; // over, or held long enough
            }
        }
    }

    private static DataChunk parse(byte[] content) {
        try {
            return DataChunk.parseFrom(content);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("a kept chunk cannot be read", e);
        }
    }
}
