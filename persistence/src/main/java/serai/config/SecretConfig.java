// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.config;

import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** How secrets are kept. */
@Dependent
public class SecretConfig {
    /** 32 bytes in base64 each, separated by commas: the first one encrypts, all decrypt. Without one there are no secrets. */
    @Inject
    @ConfigProperty(name = "serai.secret.master-keys")
    Optional<String> masterKeys;

    public Optional<String> masterKeys() {
        return masterKeys;
    }
}
