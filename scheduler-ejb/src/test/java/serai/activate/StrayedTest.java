// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.activate;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import serai.app.App;
import serai.call.Outcome;
import serai.function.Binding;
import serai.function.Function;
import serai.pool.Pool;
import serai.problem.Problem;
import serai.problem.ProblemException;
import serai.server.TestServer;

/** Publications whose server died before it rolled them out. */
class StrayedTest {
    private static final Duration WINDOW = Duration.ofSeconds(60);

    private final TestServer server = new TestServer();
    private final App app = server.app();
    private final Function function = server.function(app);

    @Test
    void givenANewDefinitionThatNobodyRolledOut_whenResumed_thenWhatWaitsMovesAndItsContainersAreThereWithoutACall() {
        server.define(function, 0, WINDOW);
        server.publish(app, function);
        var old = server.current(function);
        server.call(old, 1);
        server.define(function, 1, WINDOW);
        server.publishOnly(app, function);
        assertThat(server.pools.strayed()).contains(app.id());

        server.publisher.resumeRollouts();

        var next = server.current(function);
        assertThat(next.id()).isNotEqualTo(old.id());
        assertThat(server.inputs.load(next.id()).pending()).isEqualTo(1);
        server.await("it has a place", () -> server.reload(next.id()).size() == 1);
        server.await("the old one is gone", () -> state(old) == Pool.State.GONE);
        assertThat(server.pools.strayed()).doesNotContain(app.id());
    }

    @Test
    void givenAFunctionThatIsLeftOutAndNobodyRolledThatOut_whenResumed_thenItsPoolEndsWithWhatWaits() {
        server.define(function, 1, WINDOW);
        server.publish(app, function);
        var pool = server.current(function);
        var call = server.call(pool, 1);
        server.publishOnly(app);

        server.publisher.resumeRollouts();

        assertThat(server.calls.outputsAfter(call, 0, 10))
                .singleElement()
                .satisfies(output -> assertThat(output.outcome()).isEqualTo(Outcome.TERMINATED));
        server.await("its pool is gone", () -> state(pool) == Pool.State.GONE);
        assertThat(server.pools.strayed()).doesNotContain(app.id());
    }

    @Test
    void givenAFirstPublicationThatNobodyRolledOut_whenResumed_thenItsContainersAreThereWithoutACall() {
        server.define(function, 1, WINDOW);
        server.publishOnly(app, function);

        server.publisher.resumeRollouts();

        var pool = server.current(function);
        server.await("it has a place", () -> server.reload(pool.id()).size() == 1);
    }

    @Test
    void givenAVariantInUse_whenItsBaseIsPublishedAndNobodyRollsThatOut_thenItHasAPoolOfItsNewDefinition() {
        server.define(function, 0, WINDOW);
        server.publish(app, function);
        var variant = variant();
        var former = server.pools.of(variant);
        server.define(function, 0, WINDOW);
        server.publishOnly(app, function);
        server.pools.of(function); // by a call

        server.publisher.resumeRollouts();

        assertThat(server.current(variant).id()).isNotEqualTo(former.id());
        assertThat(state(former)).isNotEqualTo(Pool.State.ACTIVE);
        assertThat(server.pools.strayed()).doesNotContain(app.id());
    }

    @Test
    void givenPoolsOfWhatIsPublished_whenLookedAt_thenNoneHasStrayed() {
        server.define(function, 0, WINDOW);
        server.publish(app, function);
        server.pools.of(variant());
        server.variants.bind(server.tenant, function, new Binding("unused".getBytes(UTF_8), Optional.empty()));
        assertThat(server.pools.strayed()).as("a variant").doesNotContain(app.id());

        server.define(function, 0, WINDOW);
        server.publish(app, function);
        server.publisher.published(server.deployments.rollBack(server.tenant, app.id(), 1, server.now()));
        assertThat(server.pools.strayed()).as("a rollback").doesNotContain(app.id());

        server.define(function, 0, WINDOW);
        assertThat(server.pools.strayed()).as("a definition that waits").doesNotContain(app.id());

        server.publishOnly(app, function);
        assertThat(server.pools.strayed()).as("until it is published").contains(app.id());
        server.apps.stop(app.id(), server.now());
        assertThat(server.pools.strayed()).as("a stop under way").doesNotContain(app.id());
    }

    @Test
    void givenAnAppOfThePlatformsOwn_whenItIsPublishedOrLeavesAFunctionOut_thenItsPoolsAreLeftToWhoMadeIt() {
        var internal = server.apps.createInternal(server.environment, "an image build", server.now());
        var builds = server.function(internal);
        server.define(builds, 0, WINDOW);
        server.publishOnly(internal, builds);
        assertThat(server.pools.strayed()).as("before its call").doesNotContain(internal.id());

        server.pools.of(builds);
        server.publishOnly(internal);
        assertThat(server.pools.strayed()).as("a pool of its own").doesNotContain(internal.id());
    }

    @Test
    void givenAFunctionThatIsLeftOut_whenItIsCalledOnceMore_thenItIsRefusedAndHasNoPool() {
        server.define(function, 0, WINDOW);
        server.publish(app, function);
        server.publish(app);

        assertThatThrownBy(() -> server.targets.of(server.tenant, function.id()))
                .isInstanceOf(ProblemException.class)
                .hasMessageContaining("Function 'f' is no longer part of its app")
                .satisfies(e -> assertThat(((ProblemException) e).problem()).isEqualTo(Problem.FUNCTION_NOT_DEFINED));
        assertThat(server.pools.strayed()).doesNotContain(app.id());
    }

    private Function variant() {
        return server.variants.bind(server.tenant, function, new Binding("a".getBytes(UTF_8), Optional.empty()));
    }

    private Pool.State state(Pool pool) {
        return server.reload(pool.id()).state();
    }
}
