// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.config;

import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** How large payloads travel. */
@Dependent
public class BlobConfig {
    /**
     * Signs the addresses of blobs; any long random text. Servers that run beside each other share it. Without one it is
     * derived from {@code serai.admin.token}, without that it lasts as long as the server.
     */
    @Inject
    @ConfigProperty(name = "serai.blob.key")
    Optional<String> key;

    public Optional<String> key() {
        return key;
    }
}
