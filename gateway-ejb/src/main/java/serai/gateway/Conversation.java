// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import serai.config.GatewayConfig;

/** The requests of one connection, one after the other, or the one of a stream of HTTP/2. Lives on the event loop. */
final class Conversation extends ChannelInboundHandlerAdapter {
    private static final int EARLY = 32;

    private final GatewayConfig settings;
    private final Exchanges exchanges;
    private final String scheme;
    private final boolean http2;

    /** What was sent before the request before it had its answer. */
    private final ArrayDeque<HttpObject> early = new ArrayDeque<>();

    private Incoming incoming;
    private Reply reply;
    private Runnable beginning; // of a request whose body may be here at once; null if there is none
    private boolean complete;
    private boolean over; // the connection: what still comes is nobody's
    private long received;
    private long requests;

    Conversation(GatewayConfig settings, Exchanges exchanges, String scheme, boolean http2) {
        this.scheme = scheme;
        this.settings = settings;
        this.exchanges = exchanges;
        this.http2 = http2;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        awaitRequest(context);
    }

    /** From the end of one request to the head of the next there is so much time, however slowly the bytes come. */
    private void awaitRequest(ChannelHandlerContext context) {
        long before = requests;
        context.executor()
                .schedule(
                        () -> {
                            if (requests == before && reply == null) {
                                context.close();
                            }
                        },
                        settings.keepAlive().toMillis(),
                        TimeUnit.MILLISECONDS);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (over || !(message instanceof HttpObject part)) {
            ReferenceCountUtil.release(message);
            return;
        }
        if (!early.isEmpty() || (reply != null && complete && part instanceof HttpRequest)) {
            early.add(part);
            if (early.size() >= EARLY) {
                context.channel().config().setAutoRead(false);
            }
            return;
        }
        accept(context, part);
    }

    private void accept(ChannelHandlerContext context, HttpObject part) {
        try {
            if (part instanceof HttpRequest head) {
                begin(context, head);
            }
            if (part instanceof HttpContent content && incoming != null) {
                pass(content);
            }
            if (complete || incoming == null) {
                beginNow();
            }
        } finally {
            ReferenceCountUtil.release(part);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        beginNow();
        context.fireChannelReadComplete();
    }

    private void beginNow() {
        if (beginning != null) {
            var work = beginning;
            beginning = null;
            work.run();
        }
    }

    private void begin(ChannelHandlerContext context, HttpRequest head) {
        requests++;
        complete = false;
        received = 0;
        var channel = context.channel();
        var connection = http2 ? channel.parent() : channel;
        try {
            var request =
                    Request.of(head, scheme, http2, (InetSocketAddress) connection.remoteAddress(), (InetSocketAddress)
                            connection.localAddress());
            var sent = new Incoming(
                    on -> channel.eventLoop().execute(() -> channel.config().setAutoRead(on || over)));
            incoming = request.webSocket() ? null : sent; // its frames are put there by others
            complete = request.webSocket();
            var answer = new Reply(
                    channel,
                    request,
                    settings.clientPatience(),
                    () -> channel.eventLoop().execute(() -> ended(context)));
            reply = answer;
            beginning = () -> exchanges.begin(channel, request, sent, answer);
            if (!request.hasBody()) {
                beginNow();
            }
        } catch (RefusedException e) {
            incoming = null;
            over = true;
            context.channel().config().setAutoRead(false);
            context.writeAndFlush(Bare.answer(e.refusal())).addListener(done -> close(context));
        }
    }

    private void pass(HttpContent content) {
        if (content.decoderResult().isFailure()) {
            complete = true;
            incoming.put(new Incoming.Piece.Gone()); // a body that cannot be read has no end
            return;
        }
        var bytes = ByteBufUtil.getBytes(content.content());
        received += bytes.length;
        complete = content instanceof LastHttpContent;
        if (received > settings.maxBody()) {
            incoming.put(new Incoming.Piece.TooMuch());
            incoming = null;
            return;
        }
        if (bytes.length > 0 || complete) {
            incoming.put(new Incoming.Piece.Body(bytes, complete));
        }
    }

    /** The answer is written or given up. */
    private void ended(ChannelHandlerContext context) {
        var before = reply;
        reply = null;
        incoming = null;
        if (!context.channel().isActive()) {
            return;
        }
        if (http2 || before == null || before.mustClose() || !complete) {
            close(context);
            return;
        }
        awaitRequest(context);
        while (!over && !early.isEmpty() && (reply == null || !(early.peek() instanceof HttpRequest))) {
            accept(context, early.remove());
        }
        if (over) { // refused: what is left is nobody's
            return;
        }
        beginNow();
        if (early.isEmpty()) {
            context.channel().config().setAutoRead(true);
        }
    }

    /** What is left of a request that was answered before its end, and what follows it, is nobody's. */
    private void close(ChannelHandlerContext context) {
        over = true;
        if (http2 || (complete && early.isEmpty())) {
            context.close();
        } else {
            Lingering.on((SocketChannel) context.channel());
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (reply != null) {
            reply.mayGoOn();
        }
        context.fireChannelWritabilityChanged();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        gone();
        beginNow(); // for its end to be told
        context.fireChannelInactive();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        early.forEach(ReferenceCountUtil::release);
        early.clear();
    }

    private void gone() {
        if (incoming != null && !complete) {
            incoming.put(new Incoming.Piece.Gone());
        }
        if (reply != null) {
            reply.clientIsGone();
            exchanges.gone(reply);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.close(); // resets and what a peer may break; what we break is told where it is done
    }
}
