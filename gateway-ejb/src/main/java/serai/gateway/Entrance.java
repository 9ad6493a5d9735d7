// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import serai.config.GatewayConfig;

/** What stands on a new connection: HTTP/1.1, or HTTP/2 for clients that begin with its preface. */
final class Entrance extends ChannelInitializer<SocketChannel> {
    private static final int LONGEST_LINE = 16 << 10;
    private static final int PIECE = 64 << 10;
    private static final int STREAMS = 250;

    private final GatewayConfig settings;
    private final Exchanges exchanges;
    private final ChannelGroup connections;

    Entrance(GatewayConfig settings, Exchanges exchanges, ChannelGroup connections) {
        this.settings = settings;
        this.exchanges = exchanges;
        this.connections = connections;
    }

    @Override
    protected void initChannel(SocketChannel channel) {
        if (connections.size() > settings.maxConnections()) {
            channel.close();
            return;
        }
        connections.add(channel);
        channel.pipeline().addLast(new Preface());
    }

    private void speakHttp1(Channel channel) {
        var strict = new HttpDecoderConfig()
                .setMaxInitialLineLength(LONGEST_LINE)
                .setMaxHeaderSize(settings.maxHeaders())
                .setMaxChunkSize(PIECE)
                .setStrictLineParsing(true)
                .setUseRfc9112TransferEncoding(true)
                .setAllowDuplicateContentLengths(false);
        channel.pipeline().addLast(new HttpServerCodec(strict)).addLast(new Conversation(settings, exchanges, false));
    }

    private void speakHttp2(Channel channel) {
        var limits = Http2Settings.defaultSettings()
                .maxConcurrentStreams(STREAMS)
                .maxHeaderListSize(settings.maxHeaders())
                .initialWindowSize(PIECE * 4);
        channel.pipeline()
                .addLast(Http2FrameCodecBuilder.forServer()
                        .initialSettings(limits)
                        .build())
                .addLast(new Http2MultiplexHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel stream) {
                        stream.pipeline()
                                .addLast(new Http2StreamFrameToHttpObjectCodec(true))
                                .addLast(new Conversation(settings, exchanges, true));
                    }
                }))
                .addLast(new QuietConnections(settings.keepAlive()));
    }

    /** Looks at the first bytes. */
    private final class Preface extends ByteToMessageDecoder {
        private static final byte[] HTTP2 = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

        @Override
        public void handlerAdded(ChannelHandlerContext context) {
            context.executor()
                    .schedule(
                            () -> {
                                if (!context.isRemoved()) {
                                    context.close(); // nothing came
                                }
                            },
                            settings.keepAlive().toMillis(),
                            TimeUnit.MILLISECONDS);
        }

        @Override
        protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
            int known = Math.min(in.readableBytes(), HTTP2.length);
            for (int i = 0; i < known; i++) {
                if (in.getByte(in.readerIndex() + i) != HTTP2[i]) {
                    speakHttp1(context.channel());
                    context.pipeline().remove(this);
                    return;
                }
            }
            if (known == HTTP2.length) {
                speakHttp2(context.channel());
                context.pipeline().remove(this);
            }
        }
    }
}
