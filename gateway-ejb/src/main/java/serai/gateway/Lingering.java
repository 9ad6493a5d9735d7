// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Stands on a connection whose client was answered while it still sends. Closed at once, it would be reset, as there are bytes that
 * nobody has read, and a reset may overtake the answer. So our side ends, and what comes is thrown away until the client ends its
 * own, for a while.
 */
final class Lingering extends ChannelInboundHandlerAdapter {
    private static final Duration LONGEST = Duration.ofSeconds(10);
    private static final long MOST = 64 << 20;

    private long bytes;

    private Lingering() {}

    /** On the event loop, when the answer is written. */
    static void on(SocketChannel channel) {
        channel.pipeline().addFirst(new Lingering());
        var tls = channel.pipeline().get(SslHandler.class);
        if (tls == null) {
            channel.shutdownOutput();
        } else {
            tls.closeOutbound().addListener(said -> channel.shutdownOutput());
        }
        channel.config().setAutoRead(true);
        var end = channel.eventLoop().schedule(() -> channel.close(), LONGEST.toMillis(), TimeUnit.MILLISECONDS);
        channel.closeFuture().addListener(closed -> end.cancel(false));
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        bytes += ((ByteBuf) message).readableBytes();
        ReferenceCountUtil.release(message);
        if (bytes > MOST) {
            context.close();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.close();
    }
}
