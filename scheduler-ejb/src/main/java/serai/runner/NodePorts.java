// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.runner;

import jakarta.annotation.PostConstruct;
import jakarta.ejb.Singleton;
import jakarta.ejb.Startup;
import jakarta.inject.Inject;
import java.net.InetSocketAddress;
import java.util.List;
import serai.config.DatabaseConfig;
import serai.config.NomadConfig;
import serai.config.RunnerConfig;

/** Keeps a server from starting that would let containers have its own database or its agent among their nodes' ports. */
@Startup
@Singleton
public class NodePorts {
    @Inject
    private RunnerConfig runner;

    @Inject
    private DatabaseConfig database;

    @Inject
    private NomadConfig nomad;

    @PostConstruct
    void begin() {
        var agent = nomad.address();
        mustBeOthers(runner.nodePorts(), "serai.db.url", database.addresses());
        mustBeOthers(
                runner.nodePorts(),
                "serai.nomad.address",
                List.of(InetSocketAddress.createUnresolved(agent.getHost(), Math.max(0, agent.getPort()))));
    }

    /**
     * On other machines these ports may be others' indeed; on this one they would be open to every function.
     *
     * @throws IllegalStateException naming the port
     */
    static void mustBeOthers(List<Integer> ports, String setting, List<InetSocketAddress> own) {
        own.stream()
                .filter(address -> isLoopback(address.getHostString()) && ports.contains(address.getPort()))
                .findFirst()
                .ifPresent(address -> {
                    throw new IllegalStateException(
                            "serai.runner.node-ports: %d is the server's own (%s), which containers must not reach"
                                    .formatted(address.getPort(), setting));
                });
    }

    private static boolean isLoopback(String host) {
        return host.equals("localhost") || host.startsWith("127.") || host.matches("\\[?::1\\]?");
    }
}
