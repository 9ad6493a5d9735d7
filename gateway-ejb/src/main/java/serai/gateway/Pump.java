// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import static java.lang.System.Logger.Level.WARNING;

import com.google.protobuf.ByteString;
import java.time.Duration;
import modal.client.Asgi;
import serai.call.Chunks.Direction;
import serai.call.WebCalls;
import serai.signal.Signals;
import serai.signal.Topic;

/** Passes on what a client sends while its function runs, as fast as the function takes it. */
final class Pump implements Runnable {
    private static final System.Logger LOG = System.getLogger(Pump.class.getName());

    /** Pieces of a body go together up to this size, if they are there already. */
    private static final int LARGE = 1 << 20;

    private static final Duration AT_ONCE = Duration.ZERO;

    /** For a container that does not read; its input's own time limit ends it. */
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(2);

    private final Exchange exchange;
    private final WebCalls calls;
    private final Signals signals;
    private final Incoming incoming;
    private final String callId;
    private final Waiting.Place place;
    private final Rules rules;
    private long ordinal = 1;
    private long sinceLook;
    private long total;

    Pump(
            Exchange exchange,
            WebCalls calls,
            Signals signals,
            Incoming incoming,
            String callId,
            Waiting.Place place,
            Rules rules) {
        this.exchange = exchange;
        this.calls = calls;
        this.signals = signals;
        this.incoming = incoming;
        this.callId = callId;
        this.place = place;
        this.rules = rules;
    }

    @Override
    public void run() {
        try {
            boolean more = true;
            while (more) {
                more = pass(incoming.take(rules.clientPatience()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            LOG.log(WARNING, "what is sent to call " + callId + " is not passed on", e);
            exchange.cut(Refusal.broken("what was sent could not be passed on"));
        }
    }

    private boolean pass(Incoming.Piece piece) throws InterruptedException {
        return switch (piece) {
            case Incoming.Piece.Body body -> {
                var whole = ByteString.copyFrom(body.content());
                var last = body.last();
                while (!last && whole.size() < LARGE && incoming.take(AT_ONCE) instanceof Incoming.Piece next) {
                    if (!(next instanceof Incoming.Piece.Body more)) {
                        feed(body(whole, false));
                        yield pass(next);
                    }
                    whole = whole.concat(ByteString.copyFrom(more.content()));
                    last = more.last();
                }
                total += whole.size();
                if (total > rules.maxBody()) {
                    yield end(Exchange.tooMuch(rules.maxBody()));
                }
                feed(body(whole, !last));
                yield !last;
            }
            case Incoming.Piece.Text text -> {
                feed(received(Asgi.WebsocketReceive.newBuilder().setText(text.content())));
                yield true;
            }
            case Incoming.Piece.Binary binary -> {
                feed(received(Asgi.WebsocketReceive.newBuilder().setBytes(ByteString.copyFrom(binary.content()))));
                yield true;
            }
            case Incoming.Piece.Closed closed -> {
                feed(Asgi.newBuilder()
                        .setWebsocketDisconnect(
                                Asgi.WebsocketDisconnect.newBuilder().setCode(closed.code()))
                        .build());
                exchange.lookAgain();
                yield false;
            }
            case null -> exchange.isSocket() ? !exchange.isOver() : end(Exchange.tooSlow(rules.clientPatience()));
            case Incoming.Piece.Gone gone -> end(Refusal.badRequest("the body has no end"));
            case Incoming.Piece.TooMuch tooMuch -> end(Exchange.tooMuch(rules.maxBody()));
        };
    }

    private static Asgi body(ByteString content, boolean more) {
        return Asgi.newBuilder()
                .setHttpRequest(Asgi.HttpRequest.newBuilder().setBody(content).setMoreBody(more))
                .build();
    }

    private static Asgi received(Asgi.WebsocketReceive.Builder message) {
        return Asgi.newBuilder().setWebsocketReceive(message).build();
    }

    private boolean end(Refusal reason) throws InterruptedException {
        feed(Asgi.newBuilder()
                .setHttpDisconnect(Asgi.HttpDisconnect.getDefaultInstance())
                .build());
        exchange.cut(reason);
        return false;
    }

    private void feed(Asgi message) throws InterruptedException {
        var content = Exchange.chunk(++ordinal, message);
        place.holds(place.held() + content.length);
        calls.feed(callId, ordinal, content);
        sinceLook += content.length;
        if (sinceLook >= LARGE) {
            sinceLook = 0;
            awaitRoom();
        }
    }

    /** What the container has not read yet. */
    private long backlog() {
        long bytes = calls.backlog(callId, Direction.IN);
        place.holds(bytes);
        return bytes;
    }

    private void awaitRoom() throws InterruptedException {
        try (var waiter = signals.listen(Topic.room(callId))) {
            while (backlog() > WebCalls.BACKLOG && !exchange.isOver()) {
                waiter.await(LOOK_AGAIN);
            }
        }
    }
}
