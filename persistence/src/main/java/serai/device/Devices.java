// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.device;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import serai.config.DeviceConfig;

/** Reads the names of devices: those that come with the server, then the operator's. */
@ApplicationScoped
public class Devices {
    /** The one table of names that there is; see docs/gpus.md. */
    static final String TABLE = "names.properties";

    /** Once for the server: a name means the same for everybody until it is started again. */
    @Produces
    @jakarta.inject.Singleton
    public DeviceNames names(DeviceConfig settings) {
        return read(settings.names().map(Path::of));
    }

    /** @throws IllegalStateException naming the setting and the row that cannot be read */
    public static DeviceNames read(Optional<Path> own) {
        try (var table = new InputStreamReader(Devices.class.getResourceAsStream(TABLE), StandardCharsets.UTF_8)) {
            var names = DeviceNames.none().with(table);
            return own.isEmpty() ? names : with(names, own.get());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static DeviceNames with(DeviceNames names, Path own) {
        try (var more = Files.newBufferedReader(own)) {
            return names.with(more);
        } catch (IOException | IllegalArgumentException e) {
            throw new IllegalStateException("serai.device.names: %s: %s".formatted(own, e.getMessage()), e);
        }
    }
}
