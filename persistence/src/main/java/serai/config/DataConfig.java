// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.config;

import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import java.nio.file.Path;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Where the server keeps its own files. */
@Dependent
public class DataConfig {
    /** Blobs and uploaded sources. Servers that run beside each other share it. */
    @Inject
    @ConfigProperty(name = "serai.data.directory", defaultValue = "/var/lib/serai/data")
    String directory;

    public Path directory() {
        return Path.of(directory);
    }
}
