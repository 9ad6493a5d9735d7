// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A WebSocket between client and container, who have agreed on it: bytes, both ways, until one of them ends. */
final class Tunnel {
    private final Channel client;
    private final Upstream upstream;
    private final Relay fromClient;
    private final Relay fromContainer;
    private final CountDownLatch oneHasEnded = new CountDownLatch(1);

    Tunnel(Channel client, Upstream upstream) {
        this.client = client;
        this.upstream = upstream;
        this.fromClient = new Relay(upstream.channel());
        this.fromContainer = new Relay(client);
    }

    /** @param fields of the container's word, end to end */
    void open(List<Field> fields) {
        client.closeFuture().addListener(done -> oneHasEnded.countDown());
        upstream.channel().closeFuture().addListener(done -> oneHasEnded.countDown());
        var switched = switched(fields);
        // the container's side is ready before the client's is, and the client has the answer before what follows it
        upstream.channel().eventLoop().execute(() -> {
            if (!upstream.isOpen()) {
                client.close();
                return;
            }
            upstream.handOver(fromContainer);
            client.eventLoop().execute(() -> {
                if (!client.isActive()) {
                    upstream.close();
                    return;
                }
                upgrade(switched);
                upstream.channel().eventLoop().execute(upstream::letGo);
            });
        });
    }

    private static DefaultFullHttpResponse switched(List<Field> fields) {
        var response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, HttpResponseStatus.SWITCHING_PROTOCOLS, Unpooled.EMPTY_BUFFER);
        fields.stream()
                .filter(field -> !field.is("content-length"))
                .forEach(field -> response.headers().add(field.name(), field.value()));
        response.headers()
                .set(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET)
                .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE);
        return response;
    }

    private void upgrade(DefaultFullHttpResponse switched) {
        var pipeline = client.pipeline();
        client.writeAndFlush(switched);
        pipeline.addLast(fromClient);
        pipeline.remove(Conversation.class);
        pipeline.remove(HttpServerCodec.class);
        client.config().setAutoRead(true);
    }

    /** @return whether it has ended; false when that time has passed */
    boolean await(long nanos) throws InterruptedException {
        return oneHasEnded.await(nanos, TimeUnit.NANOSECONDS);
    }

    /** @param patience how long the side that has not ended may take to have what is left */
    void close(Duration patience) throws InterruptedException {
        try {
            client.closeFuture().await(patience.toMillis());
            upstream.channel().closeFuture().await(patience.toMillis());
        } finally {
            client.close().awaitUninterruptibly();
            upstream.channel().close().awaitUninterruptibly();
        }
    }

    /** Bytes of the client, when it has ended. */
    long received() {
        return fromClient.passed();
    }

    /** And of the container. */
    long sent() {
        return fromContainer.passed();
    }
}
