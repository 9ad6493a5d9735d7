// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpRequest;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import modal.client.WebhookConfig;
import serai.config.GatewayConfig;
import serai.serve.Door;
import serai.web.Networks;
import serai.web.WebEndpoint;
import serai.web.WebRules;

/** The gateway's own listener, with every request passed to one door. */
final class DirectGateway extends Exchanges implements AutoCloseable {
    static final long MAX_BODY = 64 << 20;
    static final int MAX_HEADERS = 8 << 10;

    /** What became of a request, as the access log would have it. @param unreachable why the container was not asked */
    record Ended(int status, long received, long sent, Optional<String> unreachable) {}

    final Upstreams upstreams = new Upstreams(MAX_HEADERS);
    final BlockingQueue<Ended> ended = new LinkedBlockingQueue<>();

    /** Requests that were passed on without a thread. */
    final AtomicInteger atOnce = new AtomicInteger();

    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
    private final ChannelGroup connections = new DefaultChannelGroup(loops.next());
    private final Queue<Thread> exchanges = new ConcurrentLinkedQueue<>();
    private final Channel listener;
    private final Door door;
    volatile Optional<Duration> limit = Optional.empty();
    volatile Duration patience = Duration.ofSeconds(30);
    volatile UnaryOperator<Request> change = UnaryOperator.identity();

    DirectGateway(Door door) {
        this.door = door;
        var settings = new GatewayConfig() {
            @Override
            public int maxHeaders() {
                return MAX_HEADERS;
            }

            @Override
            public long maxBody() {
                return MAX_BODY;
            }

            @Override
            public int maxConnections() {
                return 100;
            }

            @Override
            public Duration clientPatience() {
                return patience;
            }

            @Override
            public Duration keepAlive() {
                return Duration.ofSeconds(60);
            }
        };
        this.listener = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .childHandler(new Entrance(settings, this, connections, Optional.empty()))
                .bind("127.0.0.1", 0)
                .syncUninterruptibly()
                .channel();
    }

    Client client() throws Exception {
        return new Client(port());
    }

    int port() {
        return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    /** The next request that is over. */
    Ended ended() throws InterruptedException {
        return ended.poll(30, TimeUnit.SECONDS);
    }

    private interface Work {
        /** @return false if it is to be done anew */
        boolean isAnswered() throws UnreachableException, ClientGoneException, InterruptedException;
    }

    @Override
    void begin(Channel channel, Request asked, Incoming incoming, Reply reply) {
        var request = change.apply(asked);
        reply.patience(patience);
        var passage = new Passage(upstreams, channel, request, incoming, reply, rules(), List::of);
        if (beginAtOnce(passage, request, incoming, reply)) {
            atOnce.incrementAndGet();
        } else {
            run(passage, request, incoming, reply);
        }
    }

    private boolean beginAtOnce(Passage passage, Request request, Incoming incoming, Reply reply) {
        if (limit.isPresent() || request.webSocket() || (request.hasBody() && !incoming.isWhole(Sending.AT_ONCE))) {
            return false;
        }
        try {
            return passage.passAtOnce(
                    question(request),
                    door,
                    outcome -> conclude(passage, request, incoming, reply, outcome::isAnswered));
        } catch (RefusedException e) {
            return false; // it comes again on the thread
        }
    }

    private void run(Passage passage, Request request, Incoming incoming, Reply reply) {
        exchanges.add(Exchanges.onThread(() -> conclude(passage, request, incoming, reply, () -> {
            passage.pass(question(request), door, limit);
            return true;
        })));
    }

    private void conclude(Passage passage, Request request, Incoming incoming, Reply reply, Work work) {
        boolean answered = true;
        Optional<String> unreachable = Optional.empty();
        try {
            answered = work.isAnswered();
        } catch (UnreachableException e) {
            unreachable = Optional.of(e.getMessage());
            reply.refuse(Refusal.broken("unreachable"));
        } catch (RefusedException e) {
            reply.refuse(e.refusal());
        } catch (ClientGoneException | InterruptedException e) {
            reply.abort();
        } finally {
            if (answered) {
                ended.add(new Ended(reply.status(), incoming.received(), reply.sent(), unreachable));
            }
        }
        if (!answered) {
            run(passage, request, incoming, reply);
        }
    }

    private static HttpRequest question(Request request) {
        var forwarding = new Forwarding(Networks.of(List.of()));
        var endpoint = new WebEndpoint("a", "ws", "en", "ap", "app", "fu", "f", "", "de", WebRules.NONE);
        var route = new Route(
                endpoint, WebhookConfig.getDefaultInstance(), false, List.of(), Optional.empty(), "", request.path());
        return Question.of(request, route.path(), forwarding.fields(request, route, forwarding.client(request)));
    }

    private Rules rules() {
        return new Rules(new WebRules(
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.of(MAX_BODY),
                Optional.empty(),
                Optional.of(patience)));
    }

    @Override
    public void close() throws InterruptedException {
        if (loops.isShutdown()) {
            return; // a test has closed it
        }
        upstreams.close();
        listener.close().syncUninterruptibly();
        connections.close().syncUninterruptibly();
        for (var exchange : exchanges) {
            exchange.join();
        }
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
