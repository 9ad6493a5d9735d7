// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Application;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import serai.api.blob.BlobEndpoints;
import serai.api.http.Access;
import serai.api.rest.RestEndpoints;
import serai.api.runner.RunnerEndpoints;

/** What is open to whom, all of it on one page. */
class EndpointsTest {
    @Test
    void everyMethodSaysWhoMayCallIt() {
        assertThat(access(new RestEndpoints()))
                .containsExactly(
                        "DELETE apps/{app} TOKEN",
                        "DELETE secrets/{name} TOKEN",
                        "GET apps TOKEN",
                        "GET apps/{app} TOKEN",
                        "GET apps/{app}/deployments TOKEN",
                        "GET apps/{app}/deployments/{version} TOKEN",
                        "GET apps/{app}/functions TOKEN",
                        "GET apps/{app}/logs TOKEN",
                        "GET calls TOKEN",
                        "GET calls/{id} TOKEN",
                        "GET calls/{id}/events TOKEN",
                        "GET calls/{id}/explanation TOKEN",
                        "GET calls/{id}/logs TOKEN",
                        "GET containers TOKEN",
                        "GET containers/{id} TOKEN",
                        "GET containers/{id}/logs TOKEN",
                        "GET functions TOKEN",
                        "GET functions/{id} TOKEN",
                        "GET functions/{id}/events TOKEN",
                        "GET functions/{id}/logs TOKEN",
                        "GET functions/{id}/variants TOKEN",
                        "GET functions/{id}/web TOKEN",
                        "GET nodes TOKEN",
                        "GET openapi.yaml ITSELF",
                        "GET schedules TOKEN",
                        "GET schedules/{id} TOKEN",
                        "GET schedules/{id}/firings TOKEN",
                        "GET secrets TOKEN",
                        "GET secrets/{name} TOKEN",
                        "POST apps/{app}/deployments TOKEN",
                        "POST apps/{app}/deployments/{version}/rollback TOKEN",
                        "POST apps/{app}/functions/{name}/calls TOKEN",
                        "POST calls/{id}/cancel TOKEN",
                        "POST functions/{id}/calls TOKEN",
                        "POST images/collections ADMIN",
                        "POST images/garbage ADMIN",
                        "POST images/registry/contents ADMIN",
                        "POST images/registry/deletions ADMIN",
                        "POST images/registry/garbage ADMIN",
                        "POST images/registry/missing ADMIN",
                        "POST schedules/{id}/fire TOKEN",
                        "POST schedules/{id}/pause TOKEN",
                        "POST schedules/{id}/resume TOKEN",
                        "POST workspaces/{name}/tokens ADMIN",
                        "PUT functions/{id}/web TOKEN",
                        "PUT secrets/{name} TOKEN");
        assertThat(access(new RunnerEndpoints()))
                .containsExactly(
                        "GET containers/{id}/servers CONTAINER",
                        "GET files/{sha256} RUNNER",
                        "GET runner.pyz ITSELF",
                        "POST builds ITSELF",
                        "POST builds/{id}/bases BUILD",
                        "POST builds/{id}/end BUILD",
                        "POST builds/{id}/garbage BUILD",
                        "POST builds/{id}/layers BUILD",
                        "POST builds/{id}/logs BUILD",
                        "POST builds/{id}/registry/deletions BUILD",
                        "POST builds/{id}/registry/garbage BUILD",
                        "POST builds/{id}/registry/pushes BUILD",
                        "POST containers ITSELF",
                        "POST containers/{id}/door CONTAINER",
                        "POST containers/{id}/exit CONTAINER",
                        "POST containers/{id}/layer CONTAINER",
                        "POST containers/{id}/layer/push CONTAINER",
                        "POST containers/{id}/layer/wish CONTAINER",
                        "POST containers/{id}/logs CONTAINER");
        assertThat(access(new BlobEndpoints()))
                .containsExactly(
                        "GET {id} ITSELF",
                        "POST {id}/complete ITSELF",
                        "PUT {id} ITSELF",
                        "PUT {id}/parts/{number} ITSELF");
    }

    static Set<String> access(Application endpoints) {
        return endpoints.getClasses().stream()
                .filter(type -> type.isAnnotationPresent(Path.class))
                .flatMap(EndpointsTest::lines)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Stream<String> lines(Class<?> resource) {
        return Arrays.stream(resource.getDeclaredMethods())
                .filter(method -> verb(method) != null)
                .map(method -> verb(method) + " " + path(resource, method) + " " + access(resource, method));
    }

    private static String verb(Method method) {
        return Arrays.stream(method.getAnnotations())
                .map(annotation -> annotation.annotationType().getAnnotation(HttpMethod.class))
                .filter(http -> http != null)
                .map(HttpMethod::value)
                .findFirst()
                .orElse(null);
    }

    private static String path(Class<?> resource, Method method) {
        var base = resource.getAnnotation(Path.class).value();
        var own = method.getAnnotation(Path.class);
        return own == null ? base : base + "/" + own.value();
    }

    private static String access(Class<?> resource, Method method) {
        var own = method.getAnnotation(Access.class);
        var access = own != null ? own : resource.getAnnotation(Access.class);
        return access == null ? "closed" : access.value().name();
    }
}
