// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.server;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Settings without a server that reads them. */
public final class Defaults {
    private Defaults() {}

    /** With the defaults that stand at the settings, except for those named here. */
    public static <T> T of(Class<T> type, Map<String, String> others) {
        try {
            var constructor = type.getDeclaredConstructor();
            var made = constructor.newInstance();
            for (var field : type.getDeclaredFields()) {
                var property = field.getAnnotation(ConfigProperty.class);
                if (property != null) {
                    set(
                            made,
                            field.getName(),
                            converted(field.getType(), others.getOrDefault(property.name(), property.defaultValue())));
                }
            }
            return made;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Object converted(Class<?> type, String text) {
        if (type == Optional.class) {
            return Optional.of(text).filter(given -> !given.equals(ConfigProperty.UNCONFIGURED_VALUE));
        }
        return switch (type.getSimpleName()) {
            case "Duration" -> Duration.parse(text);
            case "boolean" -> Boolean.valueOf(text);
            case "int" -> Integer.valueOf(text);
            case "URI" -> URI.create(text);
            case "Path" -> Path.of(text);
            case "String" -> text;
            default -> throw new IllegalArgumentException(type.getName());
        };
    }

    static void set(Object target, String field, Object value) {
        try {
            var declared = target.getClass().getDeclaredField(field);
            declared.setAccessible(true);
            declared.set(target, value);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
