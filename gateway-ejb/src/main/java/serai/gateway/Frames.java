// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CorruptedWebSocketFrameException;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.timeout.IdleStateEvent;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/** A WebSocket's frames, as RFC 6455 has them: messages are put together, pings answered, errors closed by their codes. */
final class Frames extends SimpleChannelInboundHandler<WebSocketFrame> {
    /** What ASGI says of a close frame without a code. */
    private static final int NO_CODE = 1005;

    /** And of none at all. */
    private static final int LOST = 1006;

    /** How long the peer may take to answer our close. */
    private static final long CLOSE_SECONDS = 5;

    private static final int LAST_CODE = 4999;
    private static final int CODE_BYTES = 2;
    private static final int SPARE = 64 << 10;

    private final Incoming incoming;
    private final Reply reply;
    private final int longest;
    private final ByteBuf message = Unpooled.buffer();
    private boolean text;
    private boolean closed;
    private boolean silent;
    private boolean said; // we closed, and wait for the peer's word

    Frames(Incoming incoming, Reply reply, int longest) {
        this.incoming = incoming;
        this.reply = reply;
        this.longest = longest;
    }

    /** The function ends it. */
    void close(ChannelHandlerContext context, CloseWebSocketFrame frame) {
        if (closed || said) {
            frame.release();
            return;
        }
        said = true;
        context.writeAndFlush(frame);
        context.executor().schedule(() -> context.close(), CLOSE_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, WebSocketFrame frame) {
        silent = false;
        switch (frame) {
            case PingWebSocketFrame ping -> {
                if (!closed) {
                    context.writeAndFlush(new PongWebSocketFrame(ping.content().retain()));
                }
            }
            case PongWebSocketFrame pong -> {} // it lives
            case CloseWebSocketFrame close -> closedByPeer(context, close);
            case TextWebSocketFrame first -> {
                text = true;
                add(context, first);
            }
            case BinaryWebSocketFrame first -> {
                text = false;
                add(context, first);
            }
            case ContinuationWebSocketFrame next -> add(context, next);
            default -> throw new IllegalStateException("a frame of kind " + frame.getClass());
        }
    }

    private void add(ChannelHandlerContext context, WebSocketFrame frame) {
        if (closed) {
            return;
        }
        if (message.readableBytes() + frame.content().readableBytes() > longest) {
            fail(context, WebSocketCloseStatus.MESSAGE_TOO_BIG, "a message has at most %d bytes".formatted(longest));
            return;
        }
        message.writeBytes(frame.content());
        if (frame.isFinalFragment()) {
            incoming.put(
                    text
                            ? new Incoming.Piece.Text(message.toString(StandardCharsets.UTF_8))
                            : new Incoming.Piece.Binary(ByteBufUtil.getBytes(message)));
            message.clear();
            if (message.capacity() > SPARE) {
                message.capacity(SPARE);
            }
        }
    }

    private void closedByPeer(ChannelHandlerContext context, CloseWebSocketFrame close) {
        if (close.statusCode() > LAST_CODE) {
            fail(context, WebSocketCloseStatus.PROTOCOL_ERROR, "a close code that nobody may use");
        } else if (!isText(close.content())) {
            fail(context, WebSocketCloseStatus.INVALID_PAYLOAD_DATA, "a reason that is not UTF-8");
        } else if (said) {
            end(close.statusCode());
            context.close();
        } else if (!closed) {
            int code = close.statusCode() < 0 ? NO_CODE : close.statusCode();
            end(code);
            var answer = close.statusCode() < 0
                    ? new CloseWebSocketFrame()
                    : new CloseWebSocketFrame(close.statusCode(), "");
            context.writeAndFlush(answer).addListener(ChannelFutureListener.CLOSE);
        }
    }

    /** Strictly: the codec lets a character pass that is cut off at the end. */
    private static boolean isText(ByteBuf close) {
        try {
            var bytes = ByteBufUtil.getBytes(close);
            int from = Math.min(CODE_BYTES, bytes.length);
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, from, bytes.length - from));
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }

    /** The peer broke the rules. */
    private void fail(ChannelHandlerContext context, WebSocketCloseStatus status, String reason) {
        if (!closed) {
            end(status.code());
            var cut = reason.length() > 100 ? reason.substring(0, 100) : reason;
            context.writeAndFlush(new CloseWebSocketFrame(status, cut)).addListener(ChannelFutureListener.CLOSE);
        }
    }

    private void end(int code) {
        closed = true;
        incoming.put(new Incoming.Piece.Closed(code));
        reply.clientIsGone();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof IdleStateEvent) {
            if (silent) {
                context.close(); // it does not even answer a ping
            } else {
                silent = true;
                context.writeAndFlush(new PingWebSocketFrame());
            }
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        reply.mayGoOn();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        message.release();
        if (!closed) {
            end(LOST);
        }
        reply.clientIsGone();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        switch (cause) {
            case CorruptedWebSocketFrameException broken -> fail(context, broken.closeStatus(), broken.getMessage());
            default -> context.close();
        }
    }
}
