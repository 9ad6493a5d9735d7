// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.blob;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteRangeTest {
    @ParameterizedTest
    @CsvSource({"bytes=0-0, 0, 0", "bytes=2-5, 2, 5", "bytes=7-, 7, 9", "bytes=-3, 7, 9", "bytes=5-99, 5, 9"})
    void givenOnePart_thenItIsMeant(String header, long first, long last) {
        assertThat(ByteRange.of(header, 10)).hasValue(new ByteRange(first, last));
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", "bytes=-", "bytes=5-2", "bytes=0-1,3-4", "lines=0-1", "bytes=a-b"})
    void givenNoneOrWhatMayBeIgnored_thenAllOfItIsMeant(String header) {
        assertThat(ByteRange.of(header, 10)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"bytes=10-", "bytes=10-12", "bytes=-0"})
    void givenAPartBehindTheEnd_thenThereIsNothingOfIt(String header) {
        assertThat(ByteRange.of(header, 10))
                .hasValueSatisfying(range -> assertThat(range.isSatisfiable()).isFalse());
    }

    @Test
    void givenAPart_thenItsHeaderNamesTheWhole() {
        assertThat(new ByteRange(2, 5).of(10)).isEqualTo("bytes 2-5/10");
        assertThat(new ByteRange(2, 5).length()).isEqualTo(4);
    }
}
