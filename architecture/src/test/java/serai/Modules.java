// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.LocationProvider;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Every module that has Java sources, found where it lies: a new one is looked at without being named here. */
class Modules implements LocationProvider {
    static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    @Override
    public Set<Location> get(Class<?> test) {
        return sources().stream().map(Modules::classesOf).map(Location::of).collect(Collectors.toSet());
    }

    /** @return the source folder of each module */
    static List<Path> sources() {
        try (var modules = Files.list(ROOT)) {
            return modules.filter(module -> Files.exists(module.resolve("pom.xml")))
                    .map(module -> module.resolve("src/main/java"))
                    .filter(Files::isDirectory)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String nameOf(Path sources) {
        return ROOT.relativize(sources).getName(0).toString();
    }

    private static Path classesOf(Path sources) {
        var classes = ROOT.resolve(nameOf(sources)).resolve("target/classes/serai"); // without the generated ones
        assertThat(classes)
                .as(
                        "classes of module %s: it has to be a dependency of this one, or it is built later",
                        nameOf(sources))
                .isDirectory();
        return classes;
    }
}
