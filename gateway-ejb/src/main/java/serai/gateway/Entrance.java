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
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ApplicationProtocolNegotiationHandler;
import io.netty.handler.ssl.SniHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import serai.config.GatewayConfig;

/**
 * What stands on a new connection: HTTP/1.1, or HTTP/2 for clients that begin with its preface, or with TLS, for those that
 * negotiate it.
 */
final class Entrance extends ChannelInitializer<SocketChannel> {
    private static final int LONGEST_LINE = 16 << 10;
    private static final int PIECE = 64 << 10;
    private static final int STREAMS = 250;

    private final GatewayConfig settings;
    private final Exchanges exchanges;
    private final ChannelGroup connections;
    private final Optional<Certificates> certificates;

    /** @param certificates empty for cleartext */
    Entrance(
            GatewayConfig settings,
            Exchanges exchanges,
            ChannelGroup connections,
            Optional<Certificates> certificates) {
        this.certificates = certificates;
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
        if (certificates.isPresent()) {
            channel.pipeline().addLast(new SniHandler(this::certificate)).addLast(new Negotiated());
        } else {
            channel.pipeline().addLast(new Preface());
        }
    }

    private Future<SslContext> certificate(String domain, Promise<SslContext> promise) {
        return certificates
                .flatMap(all -> all.of(domain))
                .map(promise::setSuccess)
                .orElseGet(() -> promise.setFailure(new SSLException("no certificate for " + domain)));
    }

    private String scheme() {
        return certificates.isPresent() ? "https" : "http";
    }

    private void speakHttp1(Channel channel) {
        var strict = new HttpDecoderConfig()
                .setMaxInitialLineLength(LONGEST_LINE)
                .setMaxHeaderSize(settings.maxHeaders())
                .setMaxChunkSize(PIECE)
                .setStrictLineParsing(true)
                .setUseRfc9112TransferEncoding(true)
                .setAllowDuplicateContentLengths(false);
        channel.pipeline()
                .addLast(new HttpServerCodec(strict))
                .addLast(new Conversation(settings, exchanges, scheme(), false));
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
                                .addLast(new Conversation(settings, exchanges, scheme(), true));
                    }
                }))
                .addLast(new QuietConnections(settings.keepAlive()));
    }

    /** Both have agreed on a version of HTTP. */
    private final class Negotiated extends ApplicationProtocolNegotiationHandler {
        private Negotiated() {
            super(ApplicationProtocolNames.HTTP_1_1);
        }

        @Override
        protected void configurePipeline(ChannelHandlerContext context, String protocol) {
            if (protocol.equals(ApplicationProtocolNames.HTTP_2)) {
                speakHttp2(context.channel());
            } else {
                speakHttp1(context.channel());
            }
        }

        @Override
        protected void handshakeFailure(ChannelHandlerContext context, Throwable cause) {
            context.close(); // of strangers' handshakes nobody wants to read
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.close();
        }
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
