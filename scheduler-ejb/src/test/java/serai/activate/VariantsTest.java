// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.activate;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import serai.function.Binding;
import serai.function.Definition;
import serai.function.Function;
import serai.pool.Pool;
import serai.pool.PoolId;
import serai.problem.ProblemException;
import serai.server.TestServer;

class VariantsTest {
    private static final Duration WINDOW = Duration.ofSeconds(60);

    private final TestServer server = new TestServer();
    private final serai.app.App app = server.app();
    private final Function base = server.function(app);

    private Definition publish() {
        var definition = server.define(base, 0, WINDOW);
        server.publish(app, base);
        return definition;
    }

    private static Binding params(String params) {
        return new Binding(params.getBytes(UTF_8), Optional.empty());
    }

    private static Binding options(String options) {
        return new Binding(new byte[0], Optional.of(options.getBytes(UTF_8)));
    }

    private Pool poolOf(Function variant) {
        var now = server.functions.find(variant.id()).orElseThrow();
        return server.pools.of(now);
    }

    @Test
    void givenTheSameBinding_whenBoundAgain_thenItIsTheSameVariant() {
        publish();
        var first = server.variants.bind(server.tenant, base, params("a"));
        assertThat(server.variants.bind(server.tenant, base, params("a")).id()).isEqualTo(first.id());
        assertThat(server.variants.bind(server.tenant, base, params("b")).id()).isNotEqualTo(first.id());
        assertThat(server.variants.bind(server.tenant, base, options("a")).id()).isNotEqualTo(first.id());
        assertThat(first.baseId()).contains(base.id());
    }

    @Test
    void givenManyFirstRequests_whenBoundAtOnce_thenTheyMakeOneVariant() throws Exception {
        publish();
        try (var threads = Executors.newFixedThreadPool(8)) {
            var asked = java.util.stream.IntStream.range(0, 8)
                    .mapToObj(i -> threads.submit(() -> server.variants
                            .bind(server.tenant, base, params("together"))
                            .id()))
                    .toList();
            var ids = new java.util.HashSet<String>();
            for (var answer : asked) {
                ids.add(answer.get());
            }
            assertThat(ids).hasSize(1);
        }
    }

    @Test
    void givenAVariant_whenItIsCalled_thenItHasAPoolOfItsOwn() {
        var definition = publish();
        var variant = server.variants.bind(server.tenant, base, params("a"));
        var pool = poolOf(variant);
        assertThat(pool.id()).isNotEqualTo(server.current(base).id());
        assertThat(pool.definitionId()).isEqualTo(definition.id());
        assertThat(poolOf(server.variants.bind(server.tenant, base, options("more")))
                        .definitionId())
                .isNotEqualTo(definition.id());
    }

    @Test
    void givenVariants_whenTheirBaseIsPublishedAgain_thenTheyFollowAndWhatWaitsMoves() {
        publish();
        var plain = server.variants.bind(server.tenant, base, params("a"));
        var other = server.variants.bind(server.tenant, base, options("more"));
        var former = poolOf(plain);
        var formerOther = poolOf(other);
        server.call(former, 2);

        var next = publish();

        var current = poolOf(plain);
        assertThat(current.definitionId()).isEqualTo(next.id());
        assertThat(server.inputs.load(current.id()).pending()).isEqualTo(2);
        assertThat(poolOf(other).definitionId()).isNotEqualTo(formerOther.definitionId());
        server.await("the former pools are gone", () -> isGone(former.id()) && isGone(formerOther.id()));
    }

    @Test
    void givenAVariantWhoseOptionsDoNotFitAnyMore_whenItsBaseIsPublished_thenOnlyItRests() {
        publish();
        assertThatThrownBy(() -> server.variants.bind(server.tenant, base, options("impossible")))
                .isInstanceOf(ProblemException.class)
                .hasMessageContaining("impossible");
        var other = server.variants.bind(server.tenant, base, options("more"));
        publish();
        assertThat(server.functions.find(other.id()).orElseThrow().definitionId())
                .isNotNull();
    }

    @Test
    void givenAVariant_whenItsBaseIsLeftOut_thenItsPoolRetires() {
        publish();
        var pool = poolOf(server.variants.bind(server.tenant, base, params("a")));
        server.publish(app, new Function[0]);
        server.await("gone", () -> isGone(pool.id()));
    }

    @Test
    void givenTooManyBytes_whenBound_thenTheLimitIsNamed() {
        assertThatThrownBy(() -> new Binding(new byte[70_000], Optional.empty()))
                .isInstanceOf(ProblemException.class)
                .hasMessageContaining("at most 65536 are allowed");
    }

    private boolean isGone(PoolId pool) {
        return server.reload(pool).state() == Pool.State.GONE;
    }
}
