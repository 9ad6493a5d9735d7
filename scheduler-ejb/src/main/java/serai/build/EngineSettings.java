// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.build;

import jakarta.annotation.PostConstruct;
import jakarta.ejb.Singleton;
import jakarta.ejb.Startup;
import jakarta.inject.Inject;
import java.util.Set;
import serai.config.ImageConfig;
import serai.config.NomadConfig;

/** Keeps a server from starting that could not tell the cluster how to run an image, or which volumes its runners have. */
@Startup
@Singleton
public class EngineSettings {
    private static final Set<String> DRIVERS = Set.of("docker", "podman");

    @Inject
    private ImageConfig images;

    @Inject
    private NomadConfig nomad;

    @PostConstruct
    void begin() {
        images.engine().map(ImageConfig.Engine::driver).ifPresent(EngineSettings::mustBeKnown);
        nomad.volumes();
    }

    /** @throws IllegalStateException naming the setting */
    static void mustBeKnown(String driver) {
        if (!DRIVERS.contains(driver)) {
            throw new IllegalStateException("serai.image.driver=%s: one of %s".formatted(driver, DRIVERS));
        }
    }
}
