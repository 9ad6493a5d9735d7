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

/** The methods of a service that are answered. The others say that they are not, by name. */
final class Methods {
    static final Context.Key<Caller> CALLER = Context.key("caller");

    private final Map<String, ServerCallHandler<?, ?>> handlers = new HashMap<>();

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
        handlers.put(method.getFullMethodName(), ServerCalls.asyncUnaryCall((Q request, StreamObserver<A> out) -> {
            try {
                out.onNext(handler.answer(CALLER.get(), request));
                out.onCompleted();
            } catch (InterruptedException | RuntimeException e) {
                out.onError(Failures.statusOf(method, e));
            }
        }));
        return this;
    }

    <Q, A> Methods streaming(MethodDescriptor<Q, A> method, Streaming<Q, A> handler) {
        handlers.put(
                method.getFullMethodName(), ServerCalls.asyncServerStreamingCall((Q request, StreamObserver<A> out) -> {
                    try {
                        handler.answer(CALLER.get(), request, new BoundedSink<>((ServerCallStreamObserver<A>) out));
                        out.onCompleted();
                    } catch (InterruptedException | RuntimeException e) {
                        out.onError(Failures.statusOf(method, e));
                    }
                }));
        return this;
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
        private static final long LOOK_AGAIN_MS = 20;

        private final ServerCallStreamObserver<A> out;

        BoundedSink(ServerCallStreamObserver<A> out) {
            this.out = out;
        }

        @Override
        public void send(A message) throws InterruptedException {
            // the ready callback runs on the thread that is here, so readiness is looked at, not told
            while (!out.isReady() && !out.isCancelled()) {
                Thread.sleep(LOOK_AGAIN_MS);
            }
            if (out.isCancelled()) {
                throw Status.CANCELLED.withDescription("the client has gone").asRuntimeException();
            }
            out.onNext(message);
        }
    }
}
