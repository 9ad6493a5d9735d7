// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.http;

import jakarta.ws.rs.core.Application;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A part of the HTTP interface: its resources, and what all parts have in common. Each part has a path of its own, so that
 * what the server has at its root ({@code /health}, {@code /metrics}) stays reachable.
 */
public class Endpoints extends Application {
    private static final List<Class<?>> COMMON = List.of(
            OpenHours.class,
            AccessFeature.class,
            ProblemMapper.class,
            HttpFailureMapper.class,
            UnreadableMapper.class,
            DefectMapper.class,
            JsonFormat.class);

    private final Set<Class<?>> classes = new HashSet<>(COMMON);

    protected Endpoints(List<Class<?>> own) {
        classes.addAll(own);
    }

    @Override
    public Set<Class<?>> getClasses() {
        return Set.copyOf(classes);
    }
}
