// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.grpc.MethodDescriptor;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.util.function.Supplier;
import serai.replay.Replays;

/**
 * Does a request once. A client that lost our answer asks again with the same key: it gets the same answer and nothing is
 * done again. The answer is committed together with the work.
 */
@ApplicationScoped
class Once {
    private final Replays replays;

    @Inject
    Once(Replays replays) {
        this.replays = replays;
    }

    Once() {
        this(null); // for the server's proxy
    }

    @Transactional
    <A extends MessageLite> A answer(MethodDescriptor<?, A> method, Parser<A> parser, Caller caller, Supplier<A> work) {
        if (caller.idempotencyKey().isEmpty()) {
            return work.get();
        }
        var key = new Replays.Key(caller.tenant().workspaceId(), method.getBareMethodName(), caller.idempotencyKey());
        if (caller.isRetry()) {
            var before = replays.find(key);
            if (before.isPresent()) {
                return parse(parser, before.get());
            }
        }
        var answer = work.get();
        replays.keep(key, answer.toByteArray());
        return answer;
    }

    private static <A> A parse(Parser<A> parser, byte[] bytes) {
        try {
            return parser.parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("a kept answer cannot be read", e);
        }
    }
}
