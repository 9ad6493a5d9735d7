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
import java.util.Optional;
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
        var before = before(method, parser, caller);
        if (before.isPresent()) {
            return before.get();
        }
        var answer = work.get();
        replays.keep(key(method, caller), answer.toByteArray());
        return answer;
    }

    /** @return the answer that the client did not get, if it asks again */
    <A> Optional<A> before(MethodDescriptor<?, A> method, Parser<A> parser, Caller caller) {
        return caller.isRetry() && !caller.idempotencyKey().isEmpty()
                ? replays.find(key(method, caller)).map(bytes -> parse(parser, bytes))
                : Optional.empty();
    }

    /** @return what to keep in the same statement as the work; empty for a request without a key */
    static Optional<Replays.Answer> toKeep(MethodDescriptor<?, ?> method, Caller caller, MessageLite answer) {
        return caller.idempotencyKey().isEmpty()
                ? Optional.empty()
                : Optional.of(new Replays.Answer(key(method, caller), answer.toByteArray()));
    }

    private static Replays.Key key(MethodDescriptor<?, ?> method, Caller caller) {
        return new Replays.Key(caller.tenant().workspaceId(), method.getBareMethodName(), caller.idempotencyKey());
    }

    private static <A> A parse(Parser<A> parser, byte[] bytes) {
        try {
            return parser.parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("a kept answer cannot be read", e);
        }
    }
}
