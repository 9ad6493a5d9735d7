// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import io.grpc.Context;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCallHandler;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import serai.server.ServerContext;

/** The methods of a service that are answered. The others say that they are not, by name. */
final class Methods {
    static final Context.Key<Caller> CALLER = Context.key("caller");

    private final Map<String, ServerCallHandler<?, ?>> handlers = new HashMap<>();
    private final Executor threads;
    private final Executor context;

    /**
     * @param threads where streams are answered: one each, which may block
     * @param context runs what it is given in the server's context, on the same thread
     */
    Methods(Executor threads, Executor context) {
        this.threads = threads;
        this.context = context;
    }

    /** A method with one answer. */
    @FunctionalInterface
    interface Unary<Q, A> {
        A answer(Caller caller, Q request) throws InterruptedException;
    }

    /** A method with many answers. It returns when there are no more. */
    @FunctionalInterface
    interface Streaming<Q, A> {
        void answer(Caller caller, Q request, Sink<A> sink) throws InterruptedException;
    }

    /** Where a stream's messages go. */
    interface Sink<A> {
        /** Waits while the client is slower than we are. */
        void send(A message) throws InterruptedException;
    }

    <Q, A> Methods unary(MethodDescriptor<Q, A> method, Unary<Q, A> handler) {
        return unary(method, handler, context);
    }

    /** One that every call passes. It is answered outside of the server's context, see {@link ServerContext}. */
    <Q, A> Methods direct(MethodDescriptor<Q, A> method, Unary<Q, A> handler) {
        return unary(method, handler, Runnable::run);
    }

    private <Q, A> Methods unary(MethodDescriptor<Q, A> method, Unary<Q, A> handler, Executor around) {
        handlers.put(
                method.getFullMethodName(),
                ServerCalls.asyncUnaryCall((Q request, StreamObserver<A> out) ->
                        around.execute(() -> answer(method, handler, request, out))));
        return this;
    }

    private static <Q, A> void answer(
            MethodDescriptor<Q, A> method, Unary<Q, A> handler, Q request, StreamObserver<A> out) {
        try {
            out.onNext(handler.answer(CALLER.get(), request));
            out.onCompleted();
        } catch (InterruptedException | RuntimeException e) {
            out.onError(Failures.statusOf(method, e));
        }
    }

    <Q, A> Methods streaming(MethodDescriptor<Q, A> method, Streaming<Q, A> handler) {
        handlers.put(
                method.getFullMethodName(), ServerCalls.asyncServerStreamingCall((Q request, StreamObserver<A> out) -> {
                    var sink = new BoundedSink<>((ServerCallStreamObserver<A>) out);
                    // not here: the call's own events, such as that its client can take more, come one after the other
                    threads.execute(Context.current()
                            .wrap(() -> context.execute(() -> stream(method, handler, request, sink, out))));
                }));
        return this;
    }

    private static <Q, A> void stream(
            MethodDescriptor<Q, A> method, Streaming<Q, A> handler, Q request, Sink<A> sink, StreamObserver<A> out) {
        try {
            handler.answer(CALLER.get(), request, sink);
            out.onCompleted();
        } catch (InterruptedException | RuntimeException e) {
            out.onError(Failures.statusOf(method, e));
        }
    }

    /** @return all methods of the service, answered or refused */
    @SuppressWarnings({"unchecked", "rawtypes"} /* the service knows its types, the compiler does not */)
    ServerServiceDefinition bind(ServiceDescriptor service) {
        var definition = ServerServiceDefinition.builder(service);
        for (MethodDescriptor method : service.getMethods()) {
            ServerCallHandler handler = handlers.get(method.getFullMethodName());
            definition.addMethod(method, handler == null ? refusal(method) : handler);
        }
        return definition.build();
    }

    private static <Q, A> ServerCallHandler<Q, A> refusal(MethodDescriptor<Q, A> method) {
        var status = Status.UNIMPLEMENTED.withDescription(
                "%s is not available in this version of Serai".formatted(method.getBareMethodName()));
        return ServerCalls.asyncUnaryCall(
                (Q request, StreamObserver<A> out) -> out.onError(status.asRuntimeException()));
    }

    /** Does not let more than the transport's own window pile up in memory. */
    private static final class BoundedSink<A> implements Sink<A> {
        private final ServerCallStreamObserver<A> out;
        private final Semaphore changed = new Semaphore(0);

        BoundedSink(ServerCallStreamObserver<A> out) {
            this.out = out;
            out.setOnReadyHandler(changed::release);
            out.setOnCancelHandler(changed::release);
        }

        @Override
        public void send(A message) throws InterruptedException {
            while (!out.isReady() && !out.isCancelled()) {
                Turns.without(changed::acquire);
            }
            if (out.isCancelled()) {
                throw Status.CANCELLED.withDescription("the client has gone").asRuntimeException();
            }
            out.onNext(message);
        }
    }
}
