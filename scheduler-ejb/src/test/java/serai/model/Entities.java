// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.model;

import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** What Hibernate does with entities, without a database: they are read as copies, and columns are written by their names. */
public final class Entities {
    private static final Map<Class<?>, Shape> SHAPES = new ConcurrentHashMap<>();

    private Entities() {}

    private record Shape(Constructor<?> constructor, Field[] fields) {
        static Shape of(Class<?> type) {
            try {
                var constructor = type.getDeclaredConstructor();
                constructor.setAccessible(true);
                var fields = Arrays.stream(type.getDeclaredFields())
                        .filter(field -> !Modifier.isStatic(field.getModifiers()))
                        .toArray(Field[]::new);
                for (var field : fields) {
                    field.setAccessible(true);
                }
                return new Shape(constructor, fields);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /** @return one that later changes of the original do not reach, as a detached entity */
    @SuppressWarnings("unchecked")
    public static <T> T detached(T entity) {
        try {
            var shape = SHAPES.computeIfAbsent(entity.getClass(), Shape::of);
            var copy = (T) shape.constructor.newInstance();
            for (var field : shape.fields) {
                field.set(copy, field.get(entity));
            }
            return copy;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** As a statement writes a column. */
    public static <T> T with(T entity, String name, Object value) {
        try {
            for (var field : SHAPES.computeIfAbsent(entity.getClass(), Shape::of).fields) {
                if (field.getName().equals(name)) {
                    field.set(entity, value);
                    return entity;
                }
            }
            throw new IllegalArgumentException(entity.getClass() + " has no " + name);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
