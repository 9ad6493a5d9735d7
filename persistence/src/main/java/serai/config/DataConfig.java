// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.config;

import jakarta.enterprise.context.Dependent;
import java.nio.file.Path;
import org.eclipse.microprofile.config.inject.ConfigProperties;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Where the server keeps its own files. */
@Dependent
@ConfigProperties(prefix = "serai.data")
public class DataConfig {
    /** Blobs and uploaded sources. Servers that run beside each other share it. */
    @ConfigProperty(name = "directory", defaultValue = "/var/lib/serai/data")
    Path directory;

    public Path directory() {
        return directory;
    }
}
