// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.Test;

/** Holds docs/configuration.md to the settings that there are. */
class ConfigTest {
    private static final Path PAGE = Path.of("..", "docs", "configuration.md");
    private static final Pattern ROW = Pattern.compile("\\| `(serai\\.[a-z.-]+)` \\| (?:`([^`]*)`)? ?\\| (\\S.*) \\|");

    /** Read by the application server where the data source is defined, before there is a bean. */
    private static final Map<String, String> DATA_SOURCE =
            Map.of("serai.db.url", "", "serai.db.user", "", "serai.db.password", "");

    @Test
    void theHandbookNamesEverySettingWithItsDefault() throws Exception {
        var settings = new TreeMap<>(DATA_SOURCE);
        for (var type : classes()) {
            for (var field : type.getDeclaredFields()) {
                var property = field.getAnnotation(ConfigProperty.class);
                if (property != null) {
                    settings.put(property.name(), defaultOf(property));
                }
            }
        }
        assertThat(documented()).isEqualTo(settings);
    }

    private static String defaultOf(ConfigProperty property) {
        return property.defaultValue().equals(ConfigProperty.UNCONFIGURED_VALUE) ? "" : property.defaultValue();
    }

    private static Map<String, String> documented() throws IOException {
        var documented = new TreeMap<String, String>();
        for (var line : Files.readAllLines(PAGE)) {
            var row = ROW.matcher(line);
            if (row.matches()) {
                documented.put(row.group(1), row.group(2) == null ? "" : row.group(2));
            }
        }
        return documented;
    }

    private static Iterable<Class<?>> classes() throws IOException, URISyntaxException, ClassNotFoundException {
        var folder = Path.of(AdminConfig.class.getResource("AdminConfig.class").toURI())
                .getParent();
        var found = new ArrayList<Class<?>>();
        try (var files = Files.list(folder)) {
            for (var file : files.toList()) {
                var name = file.getFileName().toString();
                if (name.endsWith("Config.class")) {
                    found.add(Class.forName("serai.config." + name.replace(".class", "")));
                }
            }
        }
        return found;
    }
}
