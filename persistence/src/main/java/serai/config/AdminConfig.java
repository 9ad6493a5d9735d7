// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.config;

import jakarta.enterprise.context.Dependent;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperties;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** What the one who installs Serai may do. */
@Dependent
@ConfigProperties(prefix = "serai.admin")
public class AdminConfig {
    /** Bearer token that may create workspaces and tokens. Without one nobody may. */
    @ConfigProperty(name = "token")
    Optional<String> token;

    public Optional<String> token() {
        return token;
    }
}
