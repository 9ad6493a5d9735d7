// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ScopeTest {
    @Test
    void percentSignsAreReadAsUtf8() {
        assertThat(Scope.decoded("/a%20b/%C3%A9%2Fc")).isEqualTo("/a b/é/c");
    }

    @Test
    void aPercentSignThatBeginsNoCodeStays() {
        assertThat(Scope.decoded("/100%/%zz/%4")).isEqualTo("/100%/%zz/%4");
    }

    @Test
    void bytesThatAreNoUtf8AreReplaced() {
        assertThat(Scope.decoded("/%FF")).isEqualTo("/\uFFFD");
    }
}
