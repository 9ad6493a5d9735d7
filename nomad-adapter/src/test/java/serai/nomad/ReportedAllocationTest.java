// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.hashicorp.nomad.apimodel.AllocationListStub;
import com.hashicorp.nomad.javasdk.NomadJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import serai.cluster.Allocation;
import serai.cluster.Allocation.State;

class ReportedAllocationTest {
    static List<Allocation> listed(String recording) {
        try {
            return NomadJson.deserializeList(Recordings.text(recording), AllocationListStub.class).stream()
                    .map(stub -> ReportedAllocation.of(stub).toAllocation())
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The event stream of one allocation from its placement to its end. */
    static List<Allocation> told() {
        return Recordings.text("allocation-events.ndjson")
                .lines()
                .filter(line -> !line.equals("{}"))
                .map(ReportedAllocationTest::allocation)
                .toList();
    }

    static Allocation allocation(String line) {
        try {
            var payload = new ObjectMapper().readTree(line).at("/Events/0/Payload/Allocation");
            return ReportedAllocation.of(
                            NomadJson.deserialize(payload.toString(), com.hashicorp.nomad.apimodel.Allocation.class))
                    .toAllocation();
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void givenTheEventsOfALife_whenRead_thenItIsPlacedRunsIsStoppedAndEnds() {
        assertThat(told())
                .extracting(Allocation::state)
                .containsExactly(State.PENDING, State.RUNNING, State.STOPPING, State.COMPLETE);
    }

    @Test
    void givenAnEvent_whenRead_thenItSaysWhereAndWhen() {
        var placed = told().getFirst();
        assertThat(placed.pool().value()).isEqualTo("po-ev");
        assertThat(placed.index()).isZero();
        assertThat(placed.id().value()).isEqualTo("6b234d5f-272c-02a1-7f4a-4cc3364e827e");
        assertThat(placed.modifiedAt()).isEqualTo(Instant.parse("2026-11-23T22:23:07.617979520Z"));
        assertThat(placed.reason()).isEmpty();
    }

    @Test
    void givenAShrunkenPool_whenListed_thenTheCodeOfOurOwnSignalIsNotAnExitCode() {
        assertThat(listed("allocations-stopped.json")).hasSize(3).allSatisfy(stopped -> {
            assertThat(stopped.state()).isEqualTo(State.COMPLETE);
            assertThat(stopped.exitCode()).isEmpty();
            assertThat(stopped.reason()).isEqualTo("alloc not needed due to job update");
        });
    }

    @Test
    void givenACrash_whenListed_thenItsExitCodeIsTold() {
        var crashed = listed("allocations-crashed.json").getFirst();
        assertThat(crashed.state()).isEqualTo(State.FAILED);
        assertThat(crashed.exitCode()).contains(3);
        assertThat(crashed.reason()).isEqualTo("Exit Code: 3");
    }

    @Test
    void givenACommandThatIsNotThere_whenListed_thenTheDriversWordsAreTold() {
        var failed = listed("allocations-no-binary.json").getFirst();
        assertThat(failed.exitCode()).isEmpty();
        assertThat(failed.reason()).startsWith("Driver Failure: ").contains("\"/no/such/binary\" could not be found");
    }

    @Test
    void givenAWrongDriverOption_whenListed_thenTheReasonIsOneLine() {
        assertThat(listed("allocations-bad-option.json").getFirst().reason())
                .startsWith("Failed Validation: 2 errors occurred: * failed to parse config")
                .doesNotContain("\n");
    }

    @Test
    void givenAPreemption_whenListed_thenTheWinnerIsNamed() {
        assertThat(listed("allocations-preempted.json").getFirst().reason()).startsWith("Preempted by alloc ID");
    }

    @Test
    void givenADrainingNode_whenListed_thenItsAllocationsAreStopping() {
        assertThat(listed("allocations-draining.json"))
                .extracting(Allocation::state)
                .containsOnly(State.STOPPING);
    }
}
