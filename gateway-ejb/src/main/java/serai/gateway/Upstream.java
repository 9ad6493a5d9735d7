// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.ChannelOutputShutdownEvent;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestEncoder;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import serai.serve.Door;

/**
 * A connection to a container's door, for one request after the other. Answers come from the event loop to the thread that takes
 * them by a queue that holds little: a full one stops reading. Whoever sends waits while the container takes no more.
 */
final class Upstream extends ChannelInboundHandlerAdapter {
    private static final int FULL = 256 << 10;
    private static final int ROOMY = 64 << 10;
    private static final WriteBufferWaterMark WATER_MARKS = new WriteBufferWaterMark(ROOMY, FULL);

    /** A node that does not answer in this time is not there, or too far away to be of use. */
    private static final int CONNECT_MILLIS = 5_000;

    /** A piece of an answer. */
    sealed interface Part {
        record Head(HttpResponse response) implements Part {}

        /** @param content is released by who takes it */
        record Body(ByteBuf content) implements Part {}

        record End(HttpHeaders trailers) implements Part {}

        /**
         * There will be no more of it.
         *
         * @param untouched not a byte of it had come
         */
        record Broken(String reason, boolean untouched) implements Part {}
    }

    /** The line with the token, which may be on its way yet. */
    private static final int LITTLE = 1_024;

    private final Door door;
    private final Answers answers;
    private final Consumer<Upstream> whenClosed;
    private final ArrayDeque<Part> parts = new ArrayDeque<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition come = lock.newCondition();
    private final Condition room = lock.newCondition();
    private final AtomicBoolean watched = new AtomicBoolean();
    private Channel channel;
    private int held;
    private boolean stopped;
    private boolean released;
    private boolean deaf; // it takes nothing more
    private boolean over = true; // this and the next two are the event loop's
    private Part end;
    private Runnable whenCome;

    private Upstream(Door door, Answers answers, Consumer<Upstream> whenClosed) {
        this.door = door;
        this.answers = answers;
        this.whenClosed = whenClosed;
    }

    /**
     * @param loop its bytes are read and written there
     * @param maxHeaders bytes of an answer's fields
     * @param whenClosed told on the event loop, once
     */
    static Upstream connect(Door door, EventLoop loop, int maxHeaders, Consumer<Upstream> whenClosed)
            throws UnreachableException, InterruptedException {
        var address = new InetSocketAddress(door.host(), door.port()); // here, for names are looked up by blocking
        if (address.isUnresolved()) {
            throw new UnreachableException("the node '%s' of container '%s' is not known by this name"
                    .formatted(door.host(), door.containerId()));
        }
        var answers = new Answers(maxHeaders);
        var upstream = new Upstream(door, answers, whenClosed);
        var connecting = new Bootstrap()
                .group(loop)
                .channel(NioSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
                .option(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARKS)
                .option(ChannelOption.AUTO_CLOSE, false) // who reads no more may have answered
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel made) {
                        made.pipeline().addLast(new HttpRequestEncoder(), answers, upstream);
                    }
                })
                .connect(address);
        upstream.channel = connecting.channel();
        try {
            connecting.await();
        } catch (InterruptedException e) {
            upstream.close();
            throw e;
        }
        if (!connecting.isSuccess()) {
            throw new UnreachableException("container '%s' is not reached: %s"
                    .formatted(door.containerId(), connecting.cause().getMessage()));
        }
        return upstream;
    }

    Door door() {
        return door;
    }

    Channel channel() {
        return channel;
    }

    boolean isOpen() {
        return channel.isActive();
    }

    /** Whether it is open, and has taken all that was sent: what it has not, it might take for the next request. */
    boolean isClean() {
        var unsent = channel.unsafe().outboundBuffer();
        return channel.isActive() && !deaf && unsent != null && unsent.totalPendingWriteBytes() <= LITTLE;
    }

    /** @return whether nobody looks yet whether it waits too long: then the caller has to */
    boolean watch() {
        return watched.compareAndSet(false, true);
    }

    void unwatch() {
        watched.set(false);
    }

    /** Who it is, with the first request. */
    @Override
    public void channelActive(ChannelHandlerContext context) {
        var line = Unpooled.copiedBuffer(door.token() + "\n", StandardCharsets.US_ASCII);
        context.pipeline().firstContext().write(line); // before the encoder, which would not know what to make of it
    }

    /** @param whole nothing is sent after its head; otherwise a body, and somebody has to flush */
    void ask(HttpRequest head, boolean whole) {
        if (channel.eventLoop().inEventLoop()) {
            askHere(head, whole);
        } else {
            channel.eventLoop().execute(() -> askHere(head, whole));
        }
    }

    private void askHere(HttpRequest head, boolean whole) {
        over = false;
        answers.await(head.method().equals(HttpMethod.HEAD));
        if (!channel.isActive()) {
            brokenOff("it was closed");
            return;
        }
        channel.write(head);
        if (whole) {
            channel.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT);
        }
    }

    /**
     * On the event loop, by who does not wait there.
     *
     * @param work is done on the event loop when parts have come, which {@link #poll} gives; null for none
     */
    void whenCome(Runnable work) {
        whenCome = work;
    }

    /**
     * Before its next request: it is read and written by that event loop from now on, as the client's connection is.
     *
     * @return false if that cannot be; then it is of no use any more
     */
    boolean moveTo(EventLoop loop) throws InterruptedException {
        return channel.eventLoop() == loop
                || (channel.deregister().await().isSuccess()
                        && loop.register(channel).await().isSuccess());
    }

    void send(HttpContent content) {
        channel.write(content); // that it fails tells nothing that is not to be read
    }

    void flush() {
        channel.flush();
    }

    /** On its event loop it takes all at once: only that could make room. @return false when it will never take more */
    boolean awaitRoom() throws InterruptedException {
        if (channel.isWritable() || channel.eventLoop().inEventLoop()) {
            return true;
        }
        channel.flush();
        lock.lockInterruptibly();
        try {
            while (!channel.isWritable()) {
                if (deaf || !channel.isActive()) {
                    return false;
                }
                room.await();
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** @return null if nothing is there */
    Part poll() {
        lock.lock();
        try {
            return next();
        } finally {
            lock.unlock();
        }
    }

    /** @return null if nothing came in that time */
    Part take(long nanos) throws InterruptedException {
        long left = nanos;
        lock.lockInterruptibly();
        try {
            while (parts.isEmpty()) {
                if (left <= 0) {
                    return null;
                }
                left = come.awaitNanos(left);
            }
            return next();
        } finally {
            lock.unlock();
        }
    }

    private Part next() {
        var part = parts.poll();
        if (part instanceof Part.Body body) {
            held -= body.content.readableBytes();
            if (stopped && held < ROOMY) {
                stopped = false;
                read(true);
            }
        }
        return part;
    }

    private void read(boolean on) {
        channel.eventLoop().execute(() -> channel.config().setAutoRead(on));
    }

    /** From any thread. Whoever waits for an answer is told. */
    void close() {
        channel.close();
    }

    /** Nobody will take what is left of an answer. */
    void release() {
        close();
        lock.lock();
        try {
            released = true;
            parts.forEach(Upstream::drop);
            parts.clear();
        } finally {
            lock.unlock();
        }
    }

    private static void drop(Part part) {
        if (part instanceof Part.Body body) {
            body.content.release();
        }
    }

    /** On the event loop, after the answer that both change the protocol: its bytes, both ways, are somebody else's. */
    void handOver(Relay relay) {
        channel.config().setAutoClose(true);
        channel.pipeline().remove(HttpRequestEncoder.class);
        channel.pipeline().replace(this, null, relay);
    }

    /** On the event loop, after {@link #handOver}: what has come goes there. */
    void letGo() {
        if (channel.isActive()) {
            channel.pipeline().remove(answers);
            channel.config().setAutoRead(true);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        try {
            if (!over && message instanceof HttpObject part) {
                read(context, part);
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    private void read(ChannelHandlerContext context, HttpObject part) {
        if (part.decoderResult().isFailure()) {
            brokenOff("it breaks the rules of HTTP: "
                    + part.decoderResult().cause().getMessage());
            context.close();
            return;
        }
        if (part instanceof HttpResponse head) {
            put(new Part.Head(head));
            if (head.status().equals(HttpResponseStatus.SWITCHING_PROTOCOLS)) {
                context.channel().config().setAutoRead(false);
            }
        }
        if (part instanceof HttpContent content) {
            if (content.content().isReadable()) {
                put(new Part.Body(content.content().retain()));
            }
            if (part instanceof LastHttpContent last) {
                over = true;
                end = new Part.End(last.trailingHeaders()); // told when it is known that nothing follows it
            }
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        if (end != null) {
            put(end);
            end = null;
        }
        signal();
    }

    private void put(Part part) {
        lock.lock();
        try {
            if (released) {
                drop(part);
                return;
            }
            parts.add(part);
            if (part instanceof Part.Body body) {
                held += body.content.readableBytes();
                if (held > FULL && !stopped) {
                    stopped = true;
                    channel.config().setAutoRead(false);
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void signal() {
        lock.lock();
        try {
            come.signal();
            room.signal();
        } finally {
            lock.unlock();
        }
        if (whenCome != null) {
            whenCome.run();
        }
    }

    private void brokenOff(String reason) {
        if (!over) {
            over = true;
            put(new Part.Broken(reason, !answers.haveBegun()));
        }
        signal();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        signal();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelOutputShutdownEvent) {
            lock.lock();
            try {
                deaf = true;
                room.signal();
            } finally {
                lock.unlock();
            }
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        brokenOff("the connection was closed");
        whenClosed.accept(this);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        brokenOff("the connection broke: " + cause.getMessage());
        context.close();
    }
}
