// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.build;

import jakarta.annotation.PostConstruct;
import jakarta.ejb.Singleton;
import jakarta.ejb.Startup;
import jakarta.inject.Inject;
import java.util.Set;
import serai.config.ImageConfig;

/** Keeps a server from starting that could not tell the cluster how to run an image. */
@Startup
@Singleton
public class EngineSettings {
    private static final Set<String> DRIVERS = Set.of("docker", "podman");

    @Inject
    private ImageConfig images;

    @PostConstruct
    void begin() {
        images.engine().map(ImageConfig.Engine::driver).ifPresent(EngineSettings::mustBeKnown);
    }

    /** @throws IllegalStateException naming the setting */
    static void mustBeKnown(String driver) {
        if (!DRIVERS.contains(driver)) {
            throw new IllegalStateException("serai.image.driver=%s: one of %s".formatted(driver, DRIVERS));
        }
    }
}
