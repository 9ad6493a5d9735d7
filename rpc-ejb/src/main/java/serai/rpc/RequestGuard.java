// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;

/**
 * A request that is not one message of its kind is the client's mistake, and is called so: grpc-java says INTERNAL or UNKNOWN,
 * upon which clients ask again. It has to stand around methods that take their requests as bytes
 * ({@code ServerInterceptors.useInputStreamMessages}), since otherwise nobody of ours is asked when one cannot be read.
 */
final class RequestGuard implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        return new Guarded<>(next.startCall(call, headers), call);
    }

    private static final class Guarded<Q> extends SimpleForwardingServerCallListener<Q> {
        private final ServerCall<Q, ?> call;
        private boolean asked;
        private boolean refused;

        Guarded(ServerCall.Listener<Q> listener, ServerCall<Q, ?> call) {
            super(listener);
            this.call = call;
        }

        @Override
        public void onMessage(Q message) {
            if (refused) {
                return;
            }
            if (asked) {
                refuse("has more than one message");
                return;
            }
            asked = true;
            try {
                super.onMessage(message);
            } catch (StatusRuntimeException e) {
                if (e.getCause() instanceof InvalidProtocolBufferException) {
                    refuse("is no message of its kind: "
                            + Failures.shortened(e.getCause().getMessage()));
                } else {
                    throw e;
                }
            }
        }

        @Override
        public void onHalfClose() {
            if (!asked) {
                refuse("has no message");
            }
            if (!refused) {
                super.onHalfClose();
            }
        }

        private void refuse(String why) {
            refused = true;
            call.close(
                    Status.INVALID_ARGUMENT.withDescription("the request of %s %s"
                            .formatted(call.getMethodDescriptor().getBareMethodName(), why)),
                    new Metadata());
        }
    }
}
