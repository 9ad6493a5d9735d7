// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.deployed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import jakarta.enterprise.inject.spi.CDI;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Status;
import jakarta.transaction.TransactionalException;
import jakarta.transaction.UserTransaction;
import java.io.StringReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.eclipse.microprofile.faulttolerance.exceptions.CircuitBreakerOpenException;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.arquillian.container.test.api.RunAsClient;
import org.jboss.arquillian.junit5.ArquillianExtension;
import org.jboss.arquillian.test.api.ArquillianResource;
import org.jboss.shrinkwrap.api.spec.EnterpriseArchive;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import serai.activate.Activator;
import serai.activate.Publisher;
import serai.app.Apps;
import serai.autoscale.Pulse;
import serai.call.Calls;
import serai.call.Inputs;
import serai.cluster.Cluster;
import serai.config.CallConfig;
import serai.container.Containers;
import serai.function.Functions;
import serai.pool.PoolId;
import serai.pool.Pools;
import serai.problem.Problem;
import serai.problem.ProblemException;
import serai.signal.Signals;
import serai.signal.Topic;

/**
 * What only the application server can answer. The archive is deployed once, beside whatever runs there, so all of it is
 * asked in one class; a method runs in the server unless it says otherwise.
 */
@ExtendWith(ArquillianExtension.class)
class ServerTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @Deployment
    static EnterpriseArchive archive() {
        return TestArchive.with(ServerTest.class, TwoWrites.class, Ticking.class, Endpoint.class);
    }

    @Inject
    private UserTransaction transaction;

    @Inject
    private EntityManager entities;

    @Inject
    private Jdbi jdbi;

    @Inject
    private Signals signals;

    @Inject
    private TwoWrites writes;

    @Inject
    private Cluster cluster;

    @Inject
    private Pulse pulse;

    @Inject
    private Ticking ticking;

    @Inject
    private CallConfig settings;

    // injection

    @Test
    void theServerInjectsRepositoriesAndTheScheduler() {
        for (var type : List.of(
                Apps.class,
                Functions.class,
                Pools.class,
                Containers.class,
                Calls.class,
                Inputs.class,
                Activator.class,
                Publisher.class)) {
            assertThat(CDI.current().select(type).isResolvable())
                    .as(type.getSimpleName())
                    .isTrue();
        }
        assertThat(CDI.current().select(Pools.class).get().awake()).isEmpty();
    }

    @Test
    void theOneClusterIsNomad() {
        assertThat(CDI.current().select(Cluster.class).isResolvable()).isTrue();
        assertThat(cluster.getClass().getName()).startsWith("serai.nomad.NomadCluster");
    }

    @Test
    void settingsHaveTheirDefaultsUnlessTheyAreSet() {
        assertThat(settings.lease()).isEqualTo(Duration.ofMinutes(1));
        assertThat(settings.maxLosses()).isEqualTo(5); // by TestArchive
    }

    @Test
    void theSchemaIsMadeBeforeTheEntitiesAreCheckedAgainstIt() {
        var migrations =
                jdbi.withHandle(handle -> handle.createQuery("select count(*) from flyway_schema_history where success")
                        .mapTo(Integer.class)
                        .one());
        assertThat(migrations).isPositive();
    }

    // transactions

    @Test
    void entitiesAndStatementsShareTheConnectionOfATransaction() throws Exception {
        transaction.begin();
        try {
            var byEntities = entities.createNativeQuery("select pg_backend_pid()", Integer.class)
                    .getSingleResult();
            var byStatements = jdbi.withHandle(handle -> handle.createQuery("select pg_backend_pid()")
                    .mapTo(Integer.class)
                    .one());
            assertThat(byStatements).isEqualTo(byEntities);
        } finally {
            transaction.rollback();
        }
    }

    @Test
    void givenAnEntityAndAStatement_whenTheTransactionEndsWell_thenBothAreKept() {
        writes.keep("kept");
        assertThat(writes.found("kept")).isEqualTo(new TwoWrites.Found(true, true));
    }

    @Test
    void givenAnEntityAndAStatement_whenTheMethodFails_thenNeitherIsKept() {
        assertThatThrownBy(() -> writes.keepAndFail("lost")).isInstanceOf(IllegalStateException.class);
        assertThat(writes.found("lost")).isEqualTo(new TwoWrites.Found(false, false));
    }

    @Test
    void givenAProblem_whenItEndsATransaction_thenItArrivesAsItIsAndNothingIsKept() {
        var problem = catchThrowableOfType(ProblemException.class, () -> writes.keepAndRefuse("refused"));
        assertThat(problem.problem()).isEqualTo(Problem.INVALID_ARGUMENT);
        assertThat(writes.found("refused")).isEqualTo(new TwoWrites.Found(false, false));
    }

    @Test
    void aReplayIsKeptInsideOfATransactionOnly() {
        assertThatThrownBy(() -> writes.keepReplayWithoutTransaction("alone"))
                .isInstanceOf(TransactionalException.class);
    }

    @Test
    void aWaiterIsWokenWhenTheTransactionIsCommittedAndNotBefore() throws Exception {
        var topic = Topic.work("po-commit");
        try (var waiter = signals.listen(topic)) {
            transaction.begin();
            signals.afterCommit(topic);
            assertThat(isWoken(waiter)).as("before the commit").isFalse();
            transaction.commit();
            assertThat(isWoken(waiter)).as("after the commit").isTrue();
        }
    }

    @Test
    void aWaiterIsNotWokenByATransactionThatIsRolledBack() throws Exception {
        var topic = Topic.work("po-rollback");
        try (var waiter = signals.listen(topic)) {
            transaction.begin();
            signals.afterCommit(topic);
            transaction.rollback();
            assertThat(isWoken(waiter)).isFalse();
        }
    }

    /** One that is woken does not wait; one that is not waits for all of a time that is too long to be a coincidence. */
    private static boolean isWoken(Signals.Waiter waiter) throws InterruptedException {
        var most = Duration.ofSeconds(1);
        long begun = System.nanoTime();
        waiter.await(most);
        return System.nanoTime() - begun < most.toNanos();
    }

    // timers

    @Test
    void theTimerTicksAgainAndAgain() throws InterruptedException {
        var first = nextTick(Instant.MIN);
        assertThat(nextTick(first)).isAfter(first);
    }

    @Test
    void givenATimerWhoseWorkFails_whenItIsDueAgain_thenItTicks_andOutsideOfATransaction() throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (ticking.seen().size() < 5) { // the server takes a timer away after two ticks whose transaction failed
            assertThat(System.nanoTime()).as("ticks " + ticking.seen()).isLessThan(deadline);
            Thread.sleep(50);
        }
        assertThat(ticking.seen()).containsOnly(Status.STATUS_NO_TRANSACTION);
    }

    private Instant nextTick(Instant after) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!pulse.last().isAfter(after)) {
            assertThat(System.nanoTime()).as("no tick after " + after).isLessThan(deadline);
            Thread.sleep(50);
        }
        return pulse.last();
    }

    // patience with the cluster

    @Test
    void givenNobodyAnswers_whenTheClusterIsAskedOften_thenItIsLeftAloneForAWhile() {
        var failures = Stream.generate(this::asked).limit(5).toList();
        assertThat(failures).extracting(ProblemException::problem).containsOnly(Problem.CLUSTER_UNAVAILABLE);
        assertThat(failures.getFirst()).hasMessageContaining("Connection refused");
        assertThat(failures.getLast()).hasCauseInstanceOf(CircuitBreakerOpenException.class);
    }

    private ProblemException asked() {
        return catchThrowableOfType(ProblemException.class, () -> cluster.allocations(new PoolId("po-nobodys")));
    }

    // health

    @Test
    @RunAsClient
    void readinessSaysThatTheDatabaseAnswersAndTheClusterDoesNot(@ArquillianResource URI deployed) throws Exception {
        var answer = health(deployed, "ready");
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(503);
        assertThat(checks(answer, "database")).isNotEmpty().allMatch(check -> isUp(check));
        assertThat(checks(answer, "cluster"))
                .filteredOn(check -> !isUp(check))
                .singleElement()
                .satisfies(check -> assertThat(check.getJsonObject("data").getString("reason"))
                        .isNotBlank());
    }

    @Test
    @RunAsClient
    void livenessDoesNotDependOnTheCluster(@ArquillianResource URI deployed) throws Exception {
        var answer = health(deployed, "live");
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(checks(answer, "scheduler")).isNotEmpty().allMatch(check -> isUp(check));
    }

    private static HttpResponse<String> health(URI deployed, String kind) throws Exception {
        try (var client = HttpClient.newHttpClient()) {
            return client.send(
                    HttpRequest.newBuilder(deployed.resolve("/health/" + kind))
                            .timeout(PATIENCE)
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
        }
    }

    /** A platform that runs on the same server has checks of the same names. */
    private static List<JsonObject> checks(HttpResponse<String> answer, String name) {
        try (var reader = Json.createReader(new StringReader(answer.body()))) {
            return reader.readObject().getJsonArray("checks").stream()
                    .map(JsonValue::asJsonObject)
                    .filter(check -> check.getString("name").equals(name))
                    .toList();
        }
    }

    private static boolean isUp(JsonObject check) {
        return check.getString("status").equals("UP");
    }
}
