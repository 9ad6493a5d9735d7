// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;
import serai.problem.Problem;
import serai.problem.ProblemException;

class BearerTest {
    @Test
    void givenATokenOfIdAndSecret_thenBothAreFound() {
        var pair = Bearer.of("bearer ak-1.as-2").pair().orElseThrow();
        assertThat(pair.id()).isEqualTo("ak-1");
        assertThat(pair.secret()).isEqualTo("as-2");
    }

    @Test
    void givenASecretWithDots_thenTheFirstOneDivides() {
        assertThat(Bearer.of("Bearer a.b.c").pair().orElseThrow().secret()).isEqualTo("b.c");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Bearer x", "Bearer .x", "Bearer x."})
    void givenATokenOfOnePart_thenItIsNoPair(String header) {
        assertThat(Bearer.of(header).pair()).isEmpty();
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", "Bearer", "Bearer ", "Basic eDp5", "Bearer a b", "ak-1.as-2"})
    void givenAnythingElse_thenItIsRefused(String header) {
        assertThatThrownBy(() -> Bearer.of(header))
                .isInstanceOfSatisfying(
                        ProblemException.class, e -> assertThat(e.problem()).isEqualTo(Problem.UNAUTHENTICATED));
    }

    @Test
    void givenAToken_whenItIsPrinted_thenTheSecretIsNot() {
        assertThat(Bearer.of("Bearer ak-1.as-2").toString()).doesNotContain("as-2");
        assertThat(Bearer.of("Bearer ak-1.as-2").pair().toString()).doesNotContain("as-2");
    }
}
