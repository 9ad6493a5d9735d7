// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The answer on its way to the client. One at a time writes: the event loop, or a thread, which waits while the client is slower than the function and is
 * told by the event loop when the client can take more or has gone.
 */
final class Reply {
    private static final int UNKNOWN = -1;
    private static final Runnable NOTHING = () -> {};

    private final Channel channel;
    private final Request request;
    private final Runnable ended;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private volatile Duration patience;
    private volatile boolean gone;
    private Runnable whenGone = NOTHING;
    private List<Field> also = List.of();
    private boolean started;
    private boolean finished;
    private boolean bodiless;
    private boolean chunked;
    private boolean mustClose;
    private long announced = UNKNOWN;
    private long written;
    private int status;
    private long startedAt;

    /** @param ended told once, when the answer is complete or given up */
    Reply(Channel channel, Request request, Duration patience, Runnable ended) {
        this.channel = channel;
        this.request = request;
        this.patience = patience;
        this.ended = ended;
        this.mustClose = !request.keepAlive();
    }

    /** From the event loop. */
    void clientIsGone() {
        lock.lock();
        try {
            gone = true;
            whenGone.run();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * In place of what was to be done before.
     *
     * @param work is done while the client goes, at once if it has gone, and never after {@link #whateverHappens}; must not block
     */
    void whenGone(Runnable work) {
        lock.lock();
        try {
            whenGone = work;
            if (gone) {
                work.run();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Nothing is to be done any more when the client goes. */
    void whateverHappens() {
        whenGone(NOTHING);
    }

    /** From the event loop. */
    void mayGoOn() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** How long a client may take nothing. */
    void patience(Duration limit) {
        patience = limit;
    }

    /** @param fields of ours, which the answer has in addition, whoever gives it */
    void also(List<Field> fields) {
        also = fields;
    }

    boolean isGone() {
        return gone;
    }

    boolean isStarted() {
        return started;
    }

    boolean mustClose() {
        return mustClose;
    }

    /** The client waits for a word before it sends the body. */
    void proceed() {
        channel.writeAndFlush(
                new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE, Unpooled.EMPTY_BUFFER));
    }

    /**
     * @param fields end to end; a body of unknown length is framed by what HTTP version the client speaks
     * @throws IllegalArgumentException if a field cannot be one
     */
    void start(int code, List<Field> fields) throws ClientGoneException {
        var response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(code));
        var headers = response.headers();
        for (var field : fields) {
            if (field.is("content-length")) {
                announced = lengthOf(field.value());
            } else {
                headers.add(field.name(), field.value());
            }
        }
        also.stream()
                .filter(field -> !headers.contains(field.name()))
                .forEach(field -> headers.set(field.name(), field.value()));
        bodiless = request.isHead() || code == 204 || code == 304 || code < 200;
        frame(headers, code);
        if (!headers.contains(HttpHeaderNames.DATE)) {
            headers.set(
                    HttpHeaderNames.DATE,
                    DateTimeFormatter.RFC_1123_DATE_TIME.format(ZonedDateTime.now(ZoneOffset.UTC)));
        }
        check();
        started = true;
        status = code;
        startedAt = System.nanoTime();
        channel.write(response, channel.voidPromise());
    }

    private void frame(HttpHeaders headers, int code) {
        if (announced != UNKNOWN && code != 204) {
            headers.set(HttpHeaderNames.CONTENT_LENGTH, announced);
        } else if (!bodiless) {
            switch (request.version()) {
                case "1.1" -> {
                    chunked = true;
                    headers.set(HttpHeaderNames.TRANSFER_ENCODING, "chunked");
                }
                case "1.0" -> mustClose = true;
                default -> {} // a stream of HTTP/2 ends by itself
            }
        }
        if (!request.version().equals("2")) {
            if (mustClose) {
                headers.set(HttpHeaderNames.CONNECTION, "close");
            } else if (request.version().equals("1.0")) {
                headers.set(HttpHeaderNames.CONNECTION, "keep-alive");
            }
        }
    }

    private static long lengthOf(String value) {
        try {
            long length = Long.parseLong(value.strip());
            if (length >= 0) {
                return length;
            }
        } catch (NumberFormatException e) {
            // told below
        }
        throw new IllegalArgumentException("content-length \"%s\" is not a number of bytes".formatted(value));
    }

    void body(byte[] content) throws ClientGoneException, InterruptedException {
        body(Unpooled.wrappedBuffer(content));
    }

    /** @param content is released */
    void body(ByteBuf content) throws ClientGoneException, InterruptedException {
        boolean passed = false;
        try {
            if (!content.isReadable()) {
                return;
            }
            written += content.readableBytes();
            if (announced != UNKNOWN && !bodiless && written > announced) {
                throw new IllegalArgumentException(
                        "the body is longer than its content-length of %d bytes".formatted(announced));
            }
            if (!bodiless) {
                awaitRoom();
                passed = true;
                channel.write(new DefaultHttpContent(content), channel.voidPromise());
            }
        } finally {
            if (!passed) {
                content.release();
            }
        }
    }

    /** Sends on what was written: nothing waits for more. */
    void flush() {
        channel.flush();
    }

    /** @param trailers end to end */
    void end(List<Field> trailers) throws ClientGoneException {
        if (announced != UNKNOWN && !bodiless && written < announced) {
            throw new IllegalArgumentException(
                    "the body has %d bytes, its content-length is %d".formatted(written, announced));
        }
        check();
        var last = new DefaultLastHttpContent(Unpooled.EMPTY_BUFFER);
        if (chunked || request.version().equals("2")) {
            trailers.forEach(field -> last.trailingHeaders().add(field.name(), field.value()));
        }
        finish(last);
    }

    private void finish(LastHttpContent last) {
        finished = true;
        channel.writeAndFlush(last).addListener(done -> ended.run());
    }

    /** The gateway's own answer, when there was none yet; otherwise the connection ends, for the client to see that it was cut. */
    void refuse(Refusal refusal) {
        if (finished) {
            return;
        }
        if (started) {
            abort();
            return;
        }
        var body = refusal.body();
        var fields = new java.util.ArrayList<Field>();
        fields.add(new Field("content-type", "application/problem+json"));
        fields.add(new Field("content-length", Integer.toString(body.length)));
        fields.add(new Field("cache-control", "no-store"));
        refusal.fields().forEach((name, value) -> fields.add(new Field(name, value)));
        try {
            start(refusal.status(), fields);
            body(body);
            end(List.of());
        } catch (ClientGoneException e) {
            abort();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            abort();
        }
    }

    void abort() {
        if (finished) {
            return;
        }
        finished = true;
        channel.close().addListener(done -> ended.run());
    }

    /** A frame of a WebSocket. */
    void send(WebSocketFrame frame) throws ClientGoneException, InterruptedException {
        boolean room = false;
        try {
            awaitRoom();
            room = true;
        } finally {
            if (!room) {
                ReferenceCountUtil.release(frame);
            }
        }
        written += frame.content().readableBytes();
        channel.write(frame, channel.voidPromise());
    }

    /** Of the answer; 0 if there was none. */
    int status() {
        return status;
    }

    /** Bytes of its body, or of messages. */
    long sent() {
        return written;
    }

    /** Bytes that somebody else has sent: who took the connection over. */
    void count(long sent) {
        written += sent;
    }

    /** When its first byte was given to the connection, as {@link System#nanoTime} counts. */
    long startedAt() {
        return startedAt;
    }

    /** The connection becomes somebody else's. */
    void handOver() {
        status = HttpResponseStatus.SWITCHING_PROTOCOLS.code();
        startedAt = System.nanoTime();
        finished = true;
        started = true;
    }

    private void check() throws ClientGoneException {
        if (gone || !channel.isActive()) {
            throw new ClientGoneException("the connection has ended");
        }
    }

    private void awaitRoom() throws ClientGoneException, InterruptedException {
        check();
        if (channel.isWritable()) {
            return;
        }
        channel.flush();
        long left = patience.toNanos();
        lock.lockInterruptibly();
        try {
            while (!channel.isWritable() && !gone) {
                if (left <= 0) {
                    channel.close();
                    throw new ClientGoneException("it took nothing for %s".formatted(patience));
                }
                left = changed.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
        check();
    }
}
