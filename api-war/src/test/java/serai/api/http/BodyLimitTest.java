// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import serai.problem.ProblemException;

class BodyLimitTest {
    @Test
    void givenABodyOfTheLimit_thenItIsReadWhole() throws IOException {
        assertThat(limited(BodyLimit.MAX_BYTES).readAllBytes()).hasSize(BodyLimit.MAX_BYTES);
    }

    @Test
    void givenABodyThatDoesNotSayItsLength_whenItIsTooLarge_thenItIsRefusedOnTheWay() {
        assertThatThrownBy(() -> limited(BodyLimit.MAX_BYTES + 1).readAllBytes())
                .isInstanceOf(ProblemException.class);
    }

    private static BodyLimit.Limited limited(int bytes) {
        return new BodyLimit.Limited(new ByteArrayInputStream(new byte[bytes]), BodyLimit.MAX_BYTES);
    }
}
