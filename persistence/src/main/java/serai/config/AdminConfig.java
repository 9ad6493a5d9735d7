// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.config;

import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** What the one who installs Serai may do. */
@Dependent
public class AdminConfig {
    /** Bearer token that may create workspaces and tokens. Without one nobody may. */
    @Inject
    @ConfigProperty(name = "serai.admin.token")
    Optional<String> token;

    public Optional<String> token() {
        return token;
    }
}
