// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
import jakarta.ejb.ConcurrencyManagement;
import jakarta.ejb.ConcurrencyManagementType;
import jakarta.ejb.Singleton;
import jakarta.ejb.Startup;
import jakarta.ejb.TransactionManagement;
import jakarta.ejb.TransactionManagementType;
import jakarta.inject.Inject;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import serai.config.GatewayConfig;
import serai.server.ServerContext;

/**
 * The HTTP listener for functions. Bytes are read and written by a few event loops; a request that has to wait does so on a
 * virtual thread of its own, so that neither an open connection nor a waiting request costs a platform thread.
 */
@Startup
@Singleton
@ConcurrencyManagement(ConcurrencyManagementType.BEAN)
@TransactionManagement(TransactionManagementType.BEAN)
public class GatewayServer {
    private static final System.Logger LOG = System.getLogger(GatewayServer.class.getName());
    private static final long STOP_SECONDS = 3;
    private static final int BACKLOG = 1_024;

    /** What an answer may pile up for its connection before its writer waits. */
    private static final WriteBufferWaterMark WATER_MARKS = new WriteBufferWaterMark(64 << 10, 256 << 10);

    @Inject
    private GatewayConfig settings;

    @Inject
    private Exchanges exchanges;

    @Inject
    private ServerContext context;

    private EventLoopGroup acceptor;
    private EventLoopGroup workers;
    private ChannelGroup connections;

    @PostConstruct
    void start() {
        context.capture();
        acceptor = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        workers = new MultiThreadIoEventLoopGroup(NioIoHandler.newFactory());
        connections = new DefaultChannelGroup(workers.next());
        try {
            listen(settings.port(), Optional.empty());
            if (settings.tlsPort() > 0) {
                var folder = settings.tlsDirectory()
                        .orElseThrow(() -> new IllegalStateException(
                                "serai.gateway.tls-port is set, serai.gateway.tls-directory is not"));
                listen(settings.tlsPort(), Optional.of(new Certificates(Path.of(folder))));
            }
        } catch (RuntimeException e) {
            stop();
            throw e;
        }
    }

    private void listen(int port, Optional<Certificates> certificates) {
        try {
            var bound = new ServerBootstrap()
                    .group(acceptor, workers)
                    .channel(NioServerSocketChannel.class)
                    .option(ChannelOption.SO_BACKLOG, BACKLOG)
                    .option(ChannelOption.SO_REUSEADDR, true)
                    .childOption(ChannelOption.TCP_NODELAY, true)
                    .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARKS)
                    .childHandler(new Entrance(settings, exchanges, connections, certificates))
                    .bind(settings.host(), port)
                    .syncUninterruptibly();
            LOG.log(
                    System.Logger.Level.INFO,
                    "{0} for functions on {1}",
                    certificates.isPresent() ? "HTTPS" : "HTTP",
                    bound.channel().localAddress());
            connections.add(bound.channel());
        } catch (RuntimeException e) {
            throw new IllegalStateException("cannot listen on %s:%d".formatted(settings.host(), port), e);
        }
    }

    @PreDestroy
    void stop() {
        exchanges.upstreams().close();
        connections.close().awaitUninterruptibly(STOP_SECONDS, TimeUnit.SECONDS);
        workers.shutdownGracefully(0, STOP_SECONDS, TimeUnit.SECONDS)
                .awaitUninterruptibly(STOP_SECONDS, TimeUnit.SECONDS);
        acceptor.shutdownGracefully(0, STOP_SECONDS, TimeUnit.SECONDS)
                .awaitUninterruptibly(STOP_SECONDS, TimeUnit.SECONDS);
    }
}
