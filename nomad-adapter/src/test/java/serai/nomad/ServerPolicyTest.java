// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static serai.nomad.APool.aPool;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import serai.cluster.AllocationId;
import serai.config.NomadConfig;
import serai.problem.ProblemException;

/**
 * {@code nomad-jobs/server-policy.hcl} against a Nomad with access control: enough for every call, and nothing in it without
 * need. {@code NOMAD_ACL_ADDR} is its address, {@code NOMAD_ACL_TOKEN} a management token.
 */
@EnabledIfEnvironmentVariable(named = "NOMAD_ACL_ADDR", matches = "http.*")
@EnabledIfEnvironmentVariable(named = "NOMAD_ACL_TOKEN", matches = ".+")
class ServerPolicyTest {
    private static final Path POLICY = Path.of("..", "nomad-jobs", "server-policy.hcl");
    private static final ObjectMapper JSON = new ObjectMapper();

    private final List<String> remains = new ArrayList<>();

    /** Those that {@link NomadCluster} can do, each against a pool that somebody with all rights has declared. */
    private Map<String, ThrowingCallable> calls(NomadCluster cluster, APool pool, AllocationId allocation) {
        return Map.of(
                "declare", () -> cluster.declare(pool.job()),
                "declare another", () -> cluster.declare(pool.knowing("another").job()),
                "resize", () -> cluster.resize(pool.id(), 0, "test"),
                "allocations", () -> cluster.allocations(pool.id()),
                "allocation", () -> cluster.allocation(allocation),
                "shortage", () -> cluster.shortage(pool.id()),
                "stop", () -> cluster.stop(allocation),
                "nodes", cluster::nodes,
                "info", cluster::info,
                "remove", () -> cluster.remove(aPool().id()));
    }

    @Test
    void givenThePolicy_whenTheServerWorks_thenNoCallIsRefused() throws Exception {
        var pool = declared();
        var cluster = holding(policy());
        var allocation = allocation(pool);
        calls(cluster, pool, allocation)
                .forEach((name, call) -> assertThatCode(call).as(name).doesNotThrowAnyException());
        assertThat(cluster.nodes()).isNotEmpty();
        cluster.remove(pool.id());
    }

    @Test
    void givenThePolicy_whenContainersChange_thenTheStreamTellsOfThem() throws Exception {
        var pool = aPool();
        var cluster = holding(policy());
        var heard = new java.util.concurrent.ConcurrentLinkedQueue<AllocationId>();
        try (var watch = cluster.watch(allocation -> heard.add(allocation.id()))) {
            cluster.declare(pool.job());
            cluster.resize(pool.id(), 1, "test");
            Waiting.until("an allocation is heard of", () -> !heard.isEmpty());
        } finally {
            cluster.remove(pool.id());
        }
    }

    @ParameterizedTest(name = "{0}: {2}")
    @CsvSource(delimiter = '|', textBlock = """
                    submit-job      | "submit-job", ->              | declare another
                    read-job        | "read-job", ->            | allocations
                    alloc-lifecycle | , "alloc-lifecycle" ->                               | stop
                    write           | "write", "destroy" -> "destroy"                      | declare another
                    destroy         | "write", "destroy" -> "write"                        | remove
                    node            | node { -> host_volume "none" {                       | nodes
                    agent           | agent { -> operator {                                | info
                    """)
    void givenThePolicyWithoutOneOfItsRights_whenTheServerWorks_thenACallIsRefused(
            String right, String change, String refused) throws Exception {
        var sides = change.split("->", -1);
        var less = policy().replace(sides[0].strip(), sides[1].strip());
        assertThat(less).as(right).isNotEqualTo(policy());
        var pool = declared();
        var calls = calls(holding(less), pool, allocation(pool));
        assertThatThrownBy(calls.get(refused))
                .as("without %s", right)
                .isInstanceOf(ProblemException.class)
                .hasMessageContaining("Permission denied");
    }

    /** The server's own login lies there when it is a job itself. */
    @Test
    void givenThePolicy_whenAVariableOfAnotherJobIsWritten_thenItIsRefused() throws Exception {
        var answer = call("PUT", "/v1/var/nomad/jobs/serai-server", token(policy()), Map.of("Items", Map.of("a", "b")));
        assertThat(answer.path("refused").asInt()).isEqualTo(403);
    }

    private static String policy() throws IOException {
        return Files.readString(POLICY);
    }

    private APool declared() throws Exception {
        var pool = aPool();
        var everything = cluster(System.getenv("NOMAD_ACL_TOKEN"));
        everything.declare(pool.job());
        everything.resize(pool.id(), 1, "test");
        remains.add("/v1/job/" + pool.id() + "?purge=true");
        return pool;
    }

    private static AllocationId allocation(APool pool) {
        var everything = cluster(System.getenv("NOMAD_ACL_TOKEN"));
        Waiting.until("an allocation", () -> !everything.allocations(pool.id()).isEmpty());
        return everything.allocations(pool.id()).getFirst().id();
    }

    private NomadCluster holding(String rules) throws Exception {
        return cluster(token(rules));
    }

    private static NomadCluster cluster(String token) {
        return NomadCluster.of(NomadConfig.at(URI.create(System.getenv("NOMAD_ACL_ADDR")), Optional.of(token)));
    }

    private String token(String rules) throws Exception {
        var name = "serai-test-" + UUID.randomUUID();
        var management = System.getenv("NOMAD_ACL_TOKEN");
        call("PUT", "/v1/acl/policy/" + name, management, Map.of("Name", name, "Rules", rules));
        remains.add("/v1/acl/policy/" + name);
        var token = call(
                "PUT",
                "/v1/acl/token",
                management,
                Map.of("Name", name, "Type", "client", "Policies", List.of(name), "ExpirationTTL", "10m"));
        return token.path("SecretID").asText();
    }

    @AfterEach
    void leaveNothing() throws Exception {
        for (var path : remains) {
            call("DELETE", path, System.getenv("NOMAD_ACL_TOKEN"), Map.of());
        }
    }

    /** @return the answer; {@code refused} with the status if there is none */
    private static JsonNode call(String method, String path, String token, Map<String, ?> body) throws Exception {
        try (var http = HttpClient.newHttpClient()) {
            var request = HttpRequest.newBuilder(URI.create(System.getenv("NOMAD_ACL_ADDR") + path))
                    .header("X-Nomad-Token", token)
                    .method(method, BodyPublishers.ofString(JSON.writeValueAsString(body)))
                    .build();
            var answer = http.send(request, BodyHandlers.ofString());
            return answer.statusCode() == 200
                    ? read(answer.body())
                    : JSON.createObjectNode().put("refused", answer.statusCode());
        }
    }

    private static JsonNode read(String body) throws JsonProcessingException {
        return body.isEmpty() ? JSON.createObjectNode() : JSON.readTree(body);
    }
}
