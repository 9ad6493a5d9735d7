// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.hashicorp.nomad.apimodel.AllocationMetric;
import com.hashicorp.nomad.apimodel.Evaluation;
import com.hashicorp.nomad.javasdk.NomadJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import serai.cluster.Shortage;

class UnplacedWorkTest {
    static List<Evaluation> evaluations(String recording) {
        try {
            return NomadJson.deserializeList(Recordings.text(recording), Evaluation.class);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static AllocationMetric failure(String cause) {
        try {
            var metrics = new ObjectMapper().readTree(Recordings.text("placement-failures.json"));
            return NomadJson.deserialize(metrics.path(cause).toString(), AllocationMetric.class);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void givenABlockedEvaluation_whenAsked_thenWhatIsMissingAndWhyIsTold() {
        assertThat(new UnplacedWork(evaluations("evaluations-blocked.json")).shortage())
                .contains(new Shortage(
                        1, "memory exhausted on 1 of 1 nodes", Instant.parse("2026-11-23T22:05:05.487524022Z")));
    }

    @Test
    void givenThatItWasCancelled_whenAsked_thenNothingIsMissing() {
        assertThat(new UnplacedWork(evaluations("evaluations-cancelled.json")).shortage())
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            memory        | memory exhausted on 1 of 1 nodes
            cpu           | cpu exhausted on 1 of 1 nodes
            constraint    | constraint ${attr.cpu.arch} = sparc not met on 1 of 1 nodes
            driver        | task driver missing on 1 of 1 nodes
            device        | device missing on 1 of 1 nodes
            device-in-use | no free device matches on 1 of 1 nodes
            ineligible    | not eligible, for a reason found earlier, on 1 of 1 nodes
            datacenter    | no eligible node in the datacenters and the node pool that were asked for
            """)
    void givenACause_whenWorded_thenAnOperatorCanActOnIt(String cause, String words) {
        assertThat(UnplacedWork.reason(failure(cause))).isEqualTo(words);
    }
}
