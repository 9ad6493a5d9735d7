// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.config;

import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import java.net.URI;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** The gRPC listener for clients and containers. */
@Dependent
public class RpcConfig {
    /** Address to listen on. */
    @Inject
    @ConfigProperty(name = "serai.rpc.host", defaultValue = "127.0.0.1")
    String host;

    /** Port to listen on, cleartext HTTP/2. */
    @Inject
    @ConfigProperty(name = "serai.rpc.port", defaultValue = "50051")
    int port;

    /** Another port, on which all servers of this machine listen together; 0 for none. */
    @Inject
    @ConfigProperty(name = "serai.rpc.shared-port", defaultValue = "0")
    int sharedPort;

    /** How containers reach the listener from their nodes. */
    @Inject
    @ConfigProperty(name = "serai.rpc.url", defaultValue = "http://127.0.0.1:50051")
    URI url;

    public String host() {
        return host;
    }

    public int port() {
        return port;
    }

    public int sharedPort() {
        return sharedPort;
    }

    public URI url() {
        return url;
    }
}
