// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.definition;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BuilderVersionTest {
    /** As the files of the published packages have it. */
    @ParameterizedTest
    @CsvSource({
        "1.0.0, 2024.10", "1.0.5, 2024.10", "1.1.0, 2025.06", "1.3.0.post1, 2025.06", "1.6.2, 2025.06",
        "1.6.3, 2026.10", "1.6.4, 2026.10", "1.10.0, 2026.10", "2.0, 2026.10", "99999999999999999999.1, 2026.10",
        "modal-js/0.5.0, 2026.10", "0.5.0, 2026.10", "'', 2026.10"
    })
    void eachClientIsToldTheNewestThatItKnows(String client, String builder) {
        assertThat(BuilderVersion.of(client)).isEqualTo(builder);
    }
}
