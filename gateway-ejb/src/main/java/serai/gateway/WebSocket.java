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
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.Utf8FrameValidator;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameEncoder;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.handler.timeout.IdleStateHandler;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.concurrent.TimeUnit;
import modal.client.Asgi;
import serai.config.GatewayConfig;

/** A WebSocket from the function's side: accepted or not, messages out, an end. What comes in is the business of {@link Frames}. */
final class WebSocket {
    private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private static final int KEY_BYTES = 16;

    private final Channel channel;
    private final Request request;
    private final Incoming incoming;
    private final Reply reply;
    private final GatewayConfig settings;
    private boolean accepted;

    WebSocket(Channel channel, Request request, Incoming incoming, Reply reply, GatewayConfig settings) {
        this.channel = channel;
        this.request = request;
        this.incoming = incoming;
        this.reply = reply;
        this.settings = settings;
    }

    /** @throws RefusedException if the request cannot be upgraded */
    static void check(Request request) {
        var versions = request.headers().getAll(HttpHeaderNames.SEC_WEBSOCKET_VERSION);
        if (versions.size() != 1 || !versions.getFirst().strip().equals("13")) {
            throw new RefusedException(
                    new Refusal(426, "websocket-version", "The version of WebSocket is not known", "version 13 is")
                            .with("sec-websocket-version", "13")
                            .with("upgrade", "websocket"));
        }
        var keys = request.headers().getAll(HttpHeaderNames.SEC_WEBSOCKET_KEY);
        if (keys.size() != 1 || !isKey(keys.getFirst())) {
            throw new RefusedException(Refusal.badRequest("sec-websocket-key is to be 16 bytes in Base64"));
        }
        if (request.hasBody()) {
            throw new RefusedException(Refusal.badRequest("a request for a WebSocket has no body"));
        }
    }

    private static boolean isKey(String text) {
        try {
            return Base64.getDecoder().decode(text.strip()).length == KEY_BYTES;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    boolean isAccepted() {
        return accepted;
    }

    void accept(Asgi.WebsocketAccept accept) {
        if (accepted) {
            throw new IllegalArgumentException("a second accept");
        }
        var response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, HttpResponseStatus.SWITCHING_PROTOCOLS, Unpooled.EMPTY_BUFFER);
        var headers = response.headers();
        for (var field : Field.endToEnd(Field.of(accept.getHeadersList()))) {
            if (!field.name().startsWith("sec-websocket-") && !field.is("content-length")) {
                headers.add(field.name(), field.value());
            }
        }
        headers.set(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET)
                .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE)
                .set(
                        HttpHeaderNames.SEC_WEBSOCKET_ACCEPT,
                        proof(request.headers().get(HttpHeaderNames.SEC_WEBSOCKET_KEY)));
        if (accept.hasSubprotocol()) {
            headers.set(HttpHeaderNames.SEC_WEBSOCKET_PROTOCOL, accept.getSubprotocol());
        }
        accepted = true;
        reply.handOver();
        channel.eventLoop().execute(() -> upgrade(response));
    }

    private void upgrade(DefaultFullHttpResponse response) {
        var strict = WebSocketDecoderConfig.newBuilder()
                .expectMaskedFrames(true)
                .allowMaskMismatch(false)
                .allowExtensions(false)
                .maxFramePayloadLength(settings.maxMessage())
                .closeOnProtocolViolation(false)
                .withUTF8Validator(true)
                .build();
        long silence = settings.clientPatience().toMillis() / 2;
        var pipeline = channel.pipeline();
        channel.writeAndFlush(response);
        pipeline.addLast(new IdleStateHandler(silence, 0, 0, TimeUnit.MILLISECONDS))
                .addLast(new WebSocket13FrameDecoder(strict))
                .addLast(new WebSocket13FrameEncoder(false))
                .addLast(new Utf8FrameValidator(false))
                .addLast(new Frames(incoming, reply, settings.maxMessage()));
        pipeline.remove(Conversation.class);
        pipeline.remove(HttpServerCodec.class);
        if (!channel.isActive()) {
            reply.clientIsGone();
        }
        channel.config().setAutoRead(true);
    }

    private static String proof(String key) {
        try {
            var digest =
                    MessageDigest.getInstance("SHA-1").digest((key.strip() + GUID).getBytes(StandardCharsets.US_ASCII));
            return Base64.getEncoder().encodeToString(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-1", e);
        }
    }

    void send(Asgi.WebsocketSend message) throws ClientGoneException, InterruptedException {
        if (!accepted) {
            throw new IllegalArgumentException("a message before the WebSocket was accepted");
        }
        reply.send(
                message.hasBytes()
                        ? new BinaryWebSocketFrame(
                                Unpooled.wrappedBuffer(message.getBytes().toByteArray()))
                        : new TextWebSocketFrame(
                                Unpooled.wrappedBuffer(message.getTextBytes().toByteArray())));
    }

    /** Tells the peer and waits a little for its answer; then the connection ends. */
    void close(int code, String reason) {
        int told =
                WebSocketCloseStatus.isValidStatusCode(code) ? code : WebSocketCloseStatus.INTERNAL_SERVER_ERROR.code();
        channel.eventLoop().execute(() -> {
            var frames = channel.pipeline().context(Frames.class);
            if (frames != null) { // else the connection has ended meanwhile
                ((Frames) frames.handler()).close(frames, new CloseWebSocketFrame(told, cut(reason)));
            }
        });
    }

    /** A control frame has 125 bytes, two of them for the code. */
    private static String cut(String reason) {
        var text = reason;
        while (text.getBytes(StandardCharsets.UTF_8).length > 123) {
            text = text.substring(0, text.offsetByCodePoints(text.length(), -1));
        }
        return text;
    }
}
