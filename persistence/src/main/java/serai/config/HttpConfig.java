// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.config;

import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import java.net.URI;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** The HTTP listener, which Payara owns. */
@Dependent
public class HttpConfig {
    /** How clients, nodes and containers reach REST, blobs and the runner. */
    @Inject
    @ConfigProperty(name = "serai.http.url", defaultValue = "http://127.0.0.1:8080")
    URI url;

    public URI url() {
        return url;
    }
}
