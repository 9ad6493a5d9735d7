// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/** Stands on one of two connections and passes its bytes on to the other, as fast as that takes them. */
final class Relay extends ChannelInboundHandlerAdapter {
    private final Channel to;
    private long passed;

    Relay(Channel to) {
        this.to = to;
    }

    /** Bytes so far; for others than the event loop, when the connection has ended. */
    long passed() {
        return passed;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        passed += ((ByteBuf) message).readableBytes();
        to.write(message);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        to.flush();
        if (!to.isWritable()) {
            context.channel().config().setAutoRead(false);
        }
    }

    /** On the other one's loop, for there it is told to stop. */
    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (context.channel().isWritable()) {
            to.eventLoop().execute(() -> to.config().setAutoRead(true));
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        to.writeAndFlush(Unpooled.EMPTY_BUFFER)
                .addListener(ChannelFutureListener.CLOSE); // after what it is still to have
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.close();
    }
}
