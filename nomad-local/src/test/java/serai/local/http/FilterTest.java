// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import org.junit.jupiter.api.Test;
import serai.local.doc.Json;

class FilterTest {
    @Test
    void givenOneComparison_whenAsked_thenItAcceptsWhatFits() {
        var pool = Json.object("JobID", "po-1", "ClientStatus", "running");

        assertThat(Filter.parse("JobID matches \"^po-\"").accepts(pool)).isTrue();
        assertThat(Filter.parse("JobID not matches \"^po-\"").accepts(pool)).isFalse();
        assertThat(Filter.parse("ClientStatus == \"running\"").accepts(pool)).isTrue();
        assertThat(Filter.parse("ClientStatus != \"running\"").accepts(pool)).isFalse();
        assertThat(Filter.parse("JobID matches \"^other\"").accepts(pool)).isFalse();
    }

    @Test
    void givenMoreThanThat_whenAsked_thenItIsRefusedInsteadOfIgnored() {
        assertThat(catchThrowable(() -> Filter.parse("JobID matches \"a\" and Name == \"b\"")))
                .hasMessageContaining("Field matches");
        assertThat(catchThrowable(() -> Filter.parse("JobID matches \"(\""))).hasMessageContaining("filter expression");
    }
}
