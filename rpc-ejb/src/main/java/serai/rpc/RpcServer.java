// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import io.grpc.Server;
import io.grpc.ServerInterceptors;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioChannelOption;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
import jakarta.ejb.ConcurrencyManagement;
import jakarta.ejb.ConcurrencyManagementType;
import jakarta.ejb.Singleton;
import jakarta.ejb.Startup;
import jakarta.ejb.TransactionManagement;
import jakarta.ejb.TransactionManagementType;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Any;
import jakarta.enterprise.inject.Instance;
import jakarta.enterprise.inject.spi.Bean;
import jakarta.enterprise.inject.spi.BeanManager;
import jakarta.inject.Inject;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import modal.client.ModalClientGrpc;
import serai.config.RpcConfig;
import serai.peer.Drain;
import serai.server.ServerContext;

/** The gRPC listener. Each call runs on a virtual thread of its own, so that a long poll costs no platform thread. */
@Startup
@Singleton
@ConcurrencyManagement(ConcurrencyManagementType.BEAN)
@TransactionManagement(TransactionManagementType.BEAN)
public class RpcServer {
    private static final System.Logger LOG = System.getLogger(RpcServer.class.getName());

    /** 49 inputs of 2 MiB, the largest message of the client, with room to spare. */
    private static final int MAX_MESSAGE_BYTES = 128 << 20;

    private static final int WINDOW_BYTES = 4 << 20;
    private static final long STOP_SECONDS = 3;

    /** For calls that are no long polls. */
    private static final Duration LAST_CALLS = Duration.ofSeconds(2);

    /** Clients ping every 30 s, also without calls; grpc-java would take that for an attack. */
    private static final long PERMITTED_PING_SECONDS = 5;

    @Inject
    private Instance<RpcFeature> features;

    @Inject
    private Authentication authentication;

    @Inject
    private RpcConfig config;

    @Inject
    private ServerContext context;

    @Inject
    private BeanManager beans;

    @Inject
    private Drain drain;

    private final OpenCalls calls = new OpenCalls();
    private Termination termination;

    private EventLoopGroup acceptor;
    private EventLoopGroup workers;
    private Server server;

    @PostConstruct
    void start() {
        // its own groups: the shared ones would outlive the application's class loader
        acceptor = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        workers = new MultiThreadIoEventLoopGroup(NioIoHandler.newFactory());
        context.capture();
        makeBeans();
        var threads = virtualThreads();
        var methods = new Methods(threads, context::run);
        features.forEach(feature -> feature.register(methods));
        server = listeners()
                .bossEventLoopGroup(acceptor)
                .workerEventLoopGroup(workers)
                .channelType(NioServerSocketChannel.class)
                .executor(threads)
                .addStreamTracerFactory(calls)
                .maxInboundMessageSize(MAX_MESSAGE_BYTES)
                .flowControlWindow(WINDOW_BYTES)
                .permitKeepAliveTime(PERMITTED_PING_SECONDS, TimeUnit.SECONDS)
                .permitKeepAliveWithoutCalls(true)
                .addService(ServerInterceptors.intercept(
                        ServerInterceptors.useInputStreamMessages(methods.bind(ModalClientGrpc.getServiceDescriptor())),
                        new RequestGuard(),
                        authentication))
                .build();
        try {
            server.start();
        } catch (IOException e) {
            stop();
            throw new IllegalStateException("cannot listen on %s:%d".formatted(config.host(), config.port()), e);
        }
        termination = Termination.after(this::drain);
        LOG.log(System.Logger.Level.INFO, "gRPC on {0}:{1}", config.host(), Integer.toString(server.getPort()));
    }

    /**
     * The server's own port, and one that all servers of a machine share: the kernel hands its connections to those that live, so a
     * client that connects again reaches another server.
     */
    private NettyServerBuilder listeners() {
        var builder = NettyServerBuilder.forAddress(new InetSocketAddress(config.host(), config.port()));
        if (config.sharedPort() != 0) {
            builder.withOption(NioChannelOption.of(StandardSocketOptions.SO_REUSEPORT), true);
            if (config.sharedPort() != config.port()) {
                builder.addListenAddress(new InetSocketAddress(config.host(), config.sharedPort()));
            }
        }
        return builder;
    }

    /** Long polls are answered, what else is under way has some time; clients and load balancers are told to go elsewhere. */
    private void drain() {
        drain.begin();
        try {
            calls.awaitNone(LAST_CALLS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Plain virtual threads with the application's class loader: a call is three or four pieces of work, of which one at most
     * needs the {@link ServerContext}.
     */
    private static Executor virtualThreads() {
        var loader = RpcServer.class.getClassLoader();
        var turns = Turns.ofCarriers();
        return task -> {
            var thread = Thread.ofVirtual().name("rpc").unstarted(turns.inTurn(task));
            thread.setContextClassLoader(loader);
            thread.start();
        };
    }

    /** What beans look up when they are made is found in the server's context only: here, not in the first call. */
    private void makeBeans() {
        for (var bean : beans.getBeans(Object.class, Any.Literal.INSTANCE)) {
            if (bean.getScope() == ApplicationScoped.class
                    && bean.getBeanClass().getName().startsWith("serai.")) {
                make(bean);
            }
        }
    }

    private <T> void make(Bean<T> bean) {
        beans.getContext(ApplicationScoped.class).get(bean, beans.createCreationalContext(bean));
    }

    @PreDestroy
    void stop() {
        if (termination != null) {
            termination.close();
            drain();
        }
        if (server != null) {
            server.shutdown();
            try {
                if (!server.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)) {
                    server.shutdownNow(); // long polls: their clients ask again
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                server.shutdownNow();
            }
        }
        workers.shutdownGracefully(0, STOP_SECONDS, TimeUnit.SECONDS)
                .awaitUninterruptibly(STOP_SECONDS, TimeUnit.SECONDS);
        acceptor.shutdownGracefully(0, STOP_SECONDS, TimeUnit.SECONDS)
                .awaitUninterruptibly(STOP_SECONDS, TimeUnit.SECONDS);
    }
}
