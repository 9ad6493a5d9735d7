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
import serai.signal.Signals;
import serai.signal.Topic;

/** What a running call streams: values of a generator. */
@ApplicationScoped
class StreamRpcs implements RpcFeature {
    /** The client opens the stream again at once when it ends, so it is held. */
    private static final Duration HELD = Duration.ofSeconds(55);

    private static final int BATCH = 16;

    private final Calls calls;
    private final Chunks chunks;
    private final OpenStreams open;
    private final LongPoll poll;

    @Inject
    StreamRpcs(Calls calls, Chunks chunks, OpenStreams open, Signals signals) {
        this.calls = calls;
        this.chunks = chunks;
        this.open = open;
        this.poll = new LongPoll(signals);
    }

    StreamRpcs() {
        this(null, null, null, null); // for the server's proxy
    }

    @Override
    public void register(Methods methods) {
        methods.streaming(ModalClientGrpc.getFunctionCallGetDataOutMethod(), this::results)
                .streaming(ModalClientGrpc.getFunctionCallGetDataInMethod(), (c, q, s) -> read(c, q, s, Direction.IN))
                .unary(ModalClientGrpc.getFunctionCallPutDataOutMethod(), this::put);
    }

    private Empty put(Caller caller, FunctionCallPutDataRequest request) {
        caller.mustBeContainer();
        var call = calls.get(caller.tenant(), request.getFunctionCallId());
        chunks.append(
                call.id(),
                Direction.OUT,
                request.getDataChunksList().stream()
                        .map(c -> new Chunks.Chunk(c.getIndex(), c.toByteArray()))
                        .toList());
        return Empty.getDefaultInstance();
    }

    private void results(Caller caller, FunctionCallGetDataRequest request, Methods.Sink<DataChunk> sink)
            throws InterruptedException {
        try (var stream = open.open(request.getFunctionCallId())) {
            read(caller, request, sink, Direction.OUT);
        }
    }

    private void read(
            Caller caller, FunctionCallGetDataRequest request, Methods.Sink<DataChunk> sink, Direction direction)
            throws InterruptedException {
        var call = calls.get(caller.tenant(), request.getFunctionCallId());
        long last = request.getLastIndex();
        long end = System.nanoTime() + HELD.toNanos();
        while (true) {
            long after = last;
            var left = Duration.ofNanos(Math.max(0, end - System.nanoTime()));
            var seen = poll.until(
                    Topic.call(call.id()),
                    left,
                    // completion is read first: chunks are committed before the result
                    () -> new Seen(isOver(call), chunks.after(call.id(), direction, after, BATCH)),
                    s -> s.over || !s.chunks.isEmpty());
            for (var chunk : seen.chunks) {
                sink.send(parse(chunk.content()));
                last = chunk.ordinal();
            }
            if (seen.chunks.isEmpty()) {
                return; // over, or held long enough
            }
        }
    }

    private boolean isOver(FunctionCall call) {
        return calls.find(call.id()).map(FunctionCall::isComplete).orElse(true);
    }

    private record Seen(boolean over, List<Chunks.Chunk> chunks) {}

    private static DataChunk parse(byte[] content) {
        try {
            return DataChunk.parseFrom(content);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("a kept chunk cannot be read", e);
        }
    }
}
