// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PassageOfHttp2Test {
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());

    /** What comes: heads with their fields, bodies. */
    private final BlockingQueue<String> come = new LinkedBlockingQueue<>();

    private Container container;
    private DirectGateway gateway;

    /** @return a stream of a new connection */
    private Channel start(Container.Script script) throws Exception {
        container = new Container(script);
        gateway = new DirectGateway(container.door());
        var connection = new Bootstrap()
                .group(loops)
                .channel(NioSocketChannel.class)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel made) {
                        made.pipeline()
                                .addLast(
                                        Http2FrameCodecBuilder.forClient().build(),
                                        new Http2MultiplexHandler(new ChannelInboundHandlerAdapter()));
                    }
                })
                .connect("127.0.0.1", gateway.port())
                .sync()
                .channel();
        return new Http2StreamChannelBootstrap(connection)
                .handler(new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelRead(ChannelHandlerContext context, Object message) {
                        switch (message) {
                            case Http2HeadersFrame head ->
                                come.add(head.headers().toString());
                            case Http2DataFrame data -> come.add(data.content().toString(StandardCharsets.US_ASCII));
                            default -> {}
                        }
                        ReferenceCountUtil.release(message);
                    }
                })
                .open()
                .sync()
                .getNow();
    }

    @AfterEach
    void stop() throws Exception {
        gateway.close();
        container.close();
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).syncUninterruptibly();
        assertThat(container.failures).isEmpty();
    }

    private String next() throws InterruptedException {
        return come.poll(30, TimeUnit.SECONDS);
    }

    private static Http2Headers asking(String method) {
        return new DefaultHttp2Headers()
                .method(method)
                .scheme("http")
                .authority("A.example")
                .path("/a%20b?c=d")
                .add("cookie", "a=1")
                .add("cookie", "b=2");
    }

    @Test
    void aBodyWithoutALengthIsSentInChunksAndTrailersComeBack() throws Exception {
        var seen = new String[2];
        var stream = start(connection -> {
            seen[0] = connection.head();
            seen[1] = new String(connection.chunks());
            connection.line();
            connection.write("HTTP/1.1 200 OK\r\nX-Mine: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "5\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n");
            connection.rest();
        });
        stream.writeAndFlush(new DefaultHttp2HeadersFrame(asking("POST"), false));
        stream.writeAndFlush(new DefaultHttp2DataFrame(Unpooled.copiedBuffer("body", StandardCharsets.US_ASCII), true));
        assertThat(next()).contains(":status: 200", "x-mine: 1").doesNotContain("transfer-encoding");
        assertThat(next()).isEqualTo("hello");
        assertThat(next()).contains("x-sum: 7");
        assertThat(seen[0])
                .startsWith("POST /a%20b?c=d HTTP/1.1\r\nhost: A.example\r\n")
                .contains("transfer-encoding: chunked\r\n", "cookie: a=1; b=2\r\n");
        assertThat(seen[1]).isEqualTo("body");
    }

    @Test
    void whenTheStreamIsResetTheContainerIsTold() throws Exception {
        var asked = new CountDownLatch(1);
        var stream = start(connection -> {
            connection.head();
            asked.countDown();
            connection.rest();
        });
        stream.writeAndFlush(new DefaultHttp2HeadersFrame(asking("GET"), true));
        asked.await();
        stream.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.CANCEL));
        assertThat(container.over()).isNotNull();
        assertThat(gateway.ended().status()).isZero();
    }

    @Test
    void aTargetThatIsMoreThanOneWordIsRefused() throws Exception {
        var stream = start(connection -> connection.head());
        stream.writeAndFlush(new DefaultHttp2HeadersFrame(asking("GET").path("/\tHTTP/1.1"), true));
        assertThat(next()).contains(":status: 400");
        assertThat(container.connections).isEmpty();
    }
}
