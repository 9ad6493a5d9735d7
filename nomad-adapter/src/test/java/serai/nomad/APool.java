// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import java.net.URI;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import serai.cluster.PoolJob;
import serai.cluster.PoolJob.Resources;
import serai.cluster.PoolJob.Runner;
import serai.pool.PoolId;

/** Builds pools of which only what matters is said. */
record APool(
        PoolId id,
        Resources resources,
        int maxContainers,
        String secret,
        Runner runner,
        Map<String, String> environment,
        Map<String, String> labels) {
    private static final Map<String, String> LABELS = Map.of(
            "app", "hello",
            "function", "square",
            "version", "de-1",
            "environment", "main",
            "workspace", "acme",
            "serai_url", "http://127.0.0.1:8080/api/v1/functions/fu-1");
    private static final URI ARTIFACT = URI.create("http://127.0.0.1:8080/internal/v1/runner.pyz");

    static APool aPool() {
        return new APool(
                freshId(),
                new Resources(100, 32, 0, 10),
                5,
                "s3cret",
                new Runner(List.of(ARTIFACT), "ab".repeat(32), "python3"),
                Map.of(),
                LABELS);
    }

    static PoolId freshId() {
        var random = new byte[10];
        RandomGenerator.of("SecureRandom").nextBytes(random);
        return new PoolId("po-" + HexFormat.of().formatHex(random));
    }

    APool called(String name) {
        return new APool(new PoolId(name), resources, maxContainers, secret, runner, environment, labels);
    }

    APool needing(Resources wanted) {
        return new APool(id, wanted, maxContainers, secret, runner, environment, labels);
    }

    APool running(Runner program) {
        return new APool(id, resources, maxContainers, secret, program, environment, labels);
    }

    APool knowing(String other) {
        return new APool(id, resources, maxContainers, other, runner, environment, labels);
    }

    APool talkingTo(RunnerHost host) {
        return new APool(
                id,
                resources,
                maxContainers,
                secret,
                runner,
                Map.of("HOST", host.address().toString()),
                labels);
    }

    APool labelled(Map<String, String> others) {
        return new APool(id, resources, maxContainers, secret, runner, environment, others);
    }

    PoolJob job() {
        return new PoolJob(id, labels, resources, maxContainers, secret, runner, environment, Duration.ofSeconds(10));
    }

    PoolJob job(PoolJob.Engine engine) {
        var limit = Duration.ofSeconds(10);
        return new PoolJob(
                id, labels, resources, maxContainers, secret, runner, environment, limit, Optional.of(engine));
    }
}
