// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import modal.client.DataChunk;
import modal.client.FunctionCallGetDataRequest;
import modal.client.ModalClientGrpc;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Streams, over a real connection, to a client that takes its time. */
class MethodsTest {
    private static final Duration DEADLINE = Duration.ofSeconds(30);
    private static final int CHUNKS = 200;
    private static final ByteString CHUNK = ByteString.copyFrom(new byte[256 << 10]);

    private final AtomicInteger sent = new AtomicInteger();
    private final CompletableFuture<Thread> sender = new CompletableFuture<>();
    private final CompletableFuture<Exception> failure = new CompletableFuture<>();
    private Server server;
    private ManagedChannel channel;

    @BeforeEach
    void start() throws Exception {
        var methods = new Methods(task -> Thread.ofVirtual().start(task), Runnable::run)
                .streaming(ModalClientGrpc.getFunctionCallGetDataOutMethod(), (caller, request, sink) -> send(sink));
        server = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
                .addService(methods.bind(ModalClientGrpc.getServiceDescriptor()))
                .build()
                .start();
        channel = NettyChannelBuilder.forAddress("127.0.0.1", server.getPort())
                .usePlaintext()
                .build();
    }

    @AfterEach
    void stop() throws InterruptedException {
        channel.shutdownNow().awaitTermination(DEADLINE.toSeconds(), TimeUnit.SECONDS);
        server.shutdownNow().awaitTermination(DEADLINE.toSeconds(), TimeUnit.SECONDS);
    }

    private void send(Methods.Sink<DataChunk> sink) throws InterruptedException {
        sender.complete(Thread.currentThread());
        try {
            for (int i = 0; i < CHUNKS; i++) {
                sink.send(DataChunk.newBuilder().setIndex(i).setData(CHUNK).build());
                sent.incrementAndGet();
            }
        } catch (RuntimeException e) {
            failure.complete(e);
            throw e;
        }
    }

    @Test
    void givenAClientThatDoesNotRead_whenAStreamHasMoreForIt_thenItWaitsUntilTheClientReadsAndLosesNothing()
            throws Exception {
        var client = new Client();
        var call = client.call(1);

        await(() -> isWaiting(sender));
        assertThat(sent.get()).isLessThan(CHUNKS);
        call.request(CHUNKS);

        assertThat(client.end.get(DEADLINE.toSeconds(), TimeUnit.SECONDS).isOk())
                .isTrue();
        assertThat(client.indexes)
                .containsExactlyElementsOf(
                        java.util.stream.LongStream.range(0, CHUNKS).boxed().toList());
    }

    @Test
    void givenAStreamThatWaitsForItsClient_whenTheClientGoes_thenTheStreamEnds() throws Exception {
        var call = new Client().call(1);
        await(() -> isWaiting(sender));

        call.cancel("enough", null);

        assertThat(Status.fromThrowable(failure.get(DEADLINE.toSeconds(), TimeUnit.SECONDS))
                        .getCode())
                .isEqualTo(Status.Code.CANCELLED);
        await(() -> !sender.join().isAlive());
    }

    private static boolean isWaiting(CompletableFuture<Thread> thread) {
        return thread.isDone() && thread.join().getState() == Thread.State.WAITING;
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + DEADLINE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(end);
            Thread.sleep(5);
        }
    }

    private final class Client extends ClientCall.Listener<DataChunk> {
        final List<Long> indexes = Collections.synchronizedList(new ArrayList<>());
        final CompletableFuture<Status> end = new CompletableFuture<>();

        ClientCall<?, ?> call(int wanted) {
            var call = channel.newCall(ModalClientGrpc.getFunctionCallGetDataOutMethod(), CallOptions.DEFAULT);
            call.start(this, new Metadata());
            call.sendMessage(FunctionCallGetDataRequest.getDefaultInstance());
            call.halfClose();
            call.request(wanted);
            return call;
        }

        @Override
        public void onMessage(DataChunk chunk) {
            indexes.add(chunk.getIndex());
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            end.complete(status);
        }
    }
}
