// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.reap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import serai.cluster.Allocation;
import serai.cluster.AllocationId;
import serai.pool.Pool;
import serai.pool.PoolId;
import serai.problem.Problem;
import serai.problem.ProblemException;
import serai.server.TestServer;

class AdmissionsTest {
    private final TestServer server = new TestServer();
    private Pool pool;
    private Allocation allocation;

    @BeforeEach
    void aPlace() {
        pool = server.pool(1, Duration.ofSeconds(60));
        server.await("a place", () -> server.reload(pool.id()).size() == 1);
        allocation = server.cluster.at(pool.id(), 0);
    }

    @Test
    void givenTheSecretAndAnAllocation_whenAdmitted_thenThereIsAContainerWithASecretOfItsOwn() {
        var admitted = server.admissions.admit(pool.id(), pool.secret(), allocation.id(), 0, "rack-3");

        assertThat(admitted.container().ordinal()).isZero();
        assertThat(admitted.container().node()).isEqualTo("rack-3");
        assertThat(admitted.container().accepts(admitted.secret())).isTrue();
    }

    @Test
    void givenAnAllocationThatWasLetIn_whenItComesAgain_thenItIsRefused() {
        server.admissions.admit(pool.id(), pool.secret(), allocation.id(), 0, "");

        refused(Problem.CONTAINER_KNOWN, () -> admit(pool.secret(), allocation.id(), 0));
    }

    @Test
    void givenAnotherSecretOrPool_whenAsked_thenItIsRefused() {
        refused(Problem.UNAUTHENTICATED, () -> admit("ps-wrong", allocation.id(), 0));
        refused(
                Problem.UNAUTHENTICATED,
                () -> server.admissions.admit(new PoolId("po-none"), pool.secret(), allocation.id(), 0, ""));
    }

    @Test
    void givenWhatTheClusterDoesNotSay_whenAsked_thenItIsRefused() {
        var unknown = new AllocationId(UUID.randomUUID().toString());
        refused(Problem.CONTAINER_REFUSED, () -> admit(pool.secret(), unknown, 0));
        refused(Problem.CONTAINER_REFUSED, () -> admit(pool.secret(), allocation.id(), 1));
        var other = server.pool(1, Duration.ofSeconds(60));
        server.await("a place", () -> server.reload(other.id()).size() == 1);
        refused(
                Problem.CONTAINER_REFUSED,
                () -> admit(pool.secret(), server.cluster.at(other.id(), 0).id(), 0));
    }

    @Test
    void givenAnAllocationThatHasEnded_whenAsked_thenItIsRefused() {
        server.cluster.end(allocation.id(), 0);

        refused(Problem.CONTAINER_REFUSED, () -> admit(pool.secret(), allocation.id(), 0));
    }

    @Test
    void givenAPoolThatRetires_whenAsked_thenItIsRefused() {
        server.pools.drain(pool.id());

        refused(Problem.CONTAINER_REFUSED, () -> admit(pool.secret(), allocation.id(), 0));
    }

    @Test
    void givenAClusterThatIsAway_whenAsked_thenTheRunnerMayComeAgain() {
        server.cluster.goAway();

        refused(Problem.CLUSTER_UNAVAILABLE, () -> admit(pool.secret(), allocation.id(), 0));
        server.cluster.comeBack();
        admit(pool.secret(), allocation.id(), 0);
    }

    private void admit(String secret, AllocationId id, int ordinal) {
        server.admissions.admit(pool.id(), secret, id, ordinal, "");
    }

    private static void refused(Problem problem, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        ProblemException.class, e -> assertThat(e.problem()).isEqualTo(problem));
    }
}
