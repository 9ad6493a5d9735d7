// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import static java.lang.System.Logger.Level.WARNING;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import java.time.Duration;

/**
 * The body of a request on its way to a container, as fast as that takes it. What is there already is sent at once, the rest by a
 * thread of its own, as answers may begin before.
 */
final class Sending implements Runnable {
    private static final System.Logger LOG = System.getLogger(Sending.class.getName());

    /** What is sent before there is a thread. A request with less than that, all of which is here, needs none. */
    static final int AT_ONCE = 64 << 10;

    private final Upstream upstream;
    private final Request request;
    private final Incoming incoming;
    private final Rules rules;
    private long sent;
    private boolean whole;
    private boolean stopped;
    private Thread thread;
    private volatile Refusal cut;

    Sending(Upstream upstream, Request request, Incoming incoming, Rules rules) {
        this.upstream = upstream;
        this.request = request;
        this.incoming = incoming;
        this.rules = rules;
    }

    void start() throws InterruptedException {
        boolean more = true;
        while (more && sent < AT_ONCE && incoming.take(Duration.ZERO) instanceof Incoming.Piece piece) {
            more = pass(piece);
        }
        upstream.flush();
        if (more) {
            thread = Exchanges.onThread(this);
        }
    }

    @Override
    public void run() {
        try {
            boolean more = true;
            while (more) {
                more = pass(next());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody wants the rest
        } catch (RuntimeException e) {
            LOG.log(WARNING, "what is sent to container " + upstream.door().containerId() + " is not passed on", e);
            cut(Refusal.broken("what was sent could not be passed on"));
        }
    }

    private Incoming.Piece next() throws InterruptedException {
        var piece = incoming.take(Duration.ZERO);
        if (piece == null) {
            upstream.flush();
            piece = incoming.take(rules.clientPatience());
        }
        return piece;
    }

    /** @return whether there is more */
    private boolean pass(Incoming.Piece piece) throws InterruptedException {
        return switch (piece) {
            case Incoming.Piece.Body body -> pass(body);
            case null -> cut(Exchange.tooSlow(rules.clientPatience()));
            case Incoming.Piece.TooMuch tooMuch -> cut(Exchange.tooMuch(rules.maxBody()));
            case Incoming.Piece.Gone gone -> cut(Refusal.badRequest("the body has no end"));
            case Incoming.Piece.Text t -> throw new IllegalStateException("no WebSocket");
            case Incoming.Piece.Binary b -> throw new IllegalStateException("no WebSocket");
            case Incoming.Piece.Closed c -> throw new IllegalStateException("no WebSocket");
        };
    }

    private boolean pass(Incoming.Piece.Body body) throws InterruptedException {
        sent += body.content().length;
        if (sent > rules.maxBody()) {
            return cut(Exchange.tooMuch(rules.maxBody()));
        }
        long announced = request.length().orElse(sent);
        if (sent > announced || (body.last() && sent < announced)) { // HTTP/2: a byte more would be another request's
            return cut(Refusal.badRequest("the body does not have the length that content-length says"));
        }
        return upstream.awaitRoom() && write(body) && !body.last();
    }

    private synchronized boolean write(Incoming.Piece.Body body) {
        if (stopped) {
            return false;
        }
        var content = Unpooled.wrappedBuffer(body.content());
        upstream.send(body.last() ? new DefaultLastHttpContent(content) : new DefaultHttpContent(content));
        if (body.last()) {
            upstream.flush();
            whole = true;
        }
        return true;
    }

    /** The container cannot have it whole. */
    private boolean cut(Refusal reason) {
        cut = reason;
        upstream.close();
        return false;
    }

    /** @return why it is not sent whole, if that is the client's fault; else null */
    Refusal cut() {
        return cut;
    }

    /** From here on nothing is sent any more. @return whether all was */
    synchronized boolean stop() {
        stopped = true;
        if (!whole && thread != null) {
            thread.interrupt();
        }
        return whole;
    }
}
