// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.config;

import jakarta.enterprise.context.Dependent;
import java.net.URI;
import org.eclipse.microprofile.config.inject.ConfigProperties;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** The gRPC listener for clients and containers. */
@Dependent
@ConfigProperties(prefix = "serai.rpc")
public class RpcConfig {
    /** Address to listen on. */
    @ConfigProperty(name = "host", defaultValue = "127.0.0.1")
    String host;

    /** Port to listen on, cleartext HTTP/2. */
    @ConfigProperty(name = "port", defaultValue = "50051")
    int port;

    /** How containers reach the listener from their nodes. */
    @ConfigProperty(name = "url", defaultValue = "http://127.0.0.1:50051")
    URI url;

    public String host() {
        return host;
    }

    public int port() {
        return port;
    }

    public URI url() {
        return url;
    }
}
