// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NetworksTest {
    private static final Networks SOME = Networks.of(List.of("10.0.0.0/8", " 192.0.2.7", "2001:db8::/33", ""));

    @Test
    void anAddressIsInARangeByItsFirstBits() {
        assertThat(SOME.contains("10.255.0.1")).isTrue();
        assertThat(SOME.contains("11.0.0.1")).isFalse();
        assertThat(SOME.contains("2001:db8:7fff::1")).isTrue();
        assertThat(SOME.contains("2001:db8:8000::1")).isFalse();
    }

    @Test
    void anAddressWithoutALengthIsARangeOfOne() {
        assertThat(SOME.contains("192.0.2.7")).isTrue();
        assertThat(SOME.contains("192.0.2.8")).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "example.org", "10.0.0", "::/129"})
    void whatIsNoRangeIsRefused(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Networks.of(List.of(text)));
    }
}
