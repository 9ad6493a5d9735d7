// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;

class WishTest {
    private static final RunState.Part OWN = new RunState.Part("nomad-local", "0.1", "http://127.0.0.1:4646", null);
    private static final RunState.Part THEIRS = new RunState.Part("external", "2.0.6", "http://one:4646", null);

    private static Wish wish(String address) {
        return new Wish("Nomad", "NOMAD_ADDR", Optional.ofNullable(address));
    }

    @Test
    void whatRunsIsWhatIsWishedFor() {
        assertThat(wish(null).against(OWN)).isEmpty();
        assertThat(wish("http://one:4646").against(THEIRS)).isEmpty();
    }

    @Test
    void aShellWithoutTheVariableDoesNotPutAnEmptyOneInItsPlace() {
        assertThat(wish(null).against(THEIRS))
                .contains(
                        "Serai runs with the Nomad at http://one:4646, and NOMAD_ADDR is not set here. Set it as it was, or ./serai down first.");
    }

    @Test
    void anotherOneIsTakenAfterTheEndOnly() {
        assertThat(wish("http://two:4646").against(THEIRS))
                .contains(
                        "Serai runs with the Nomad at http://one:4646, and NOMAD_ADDR asks for http://two:4646. ./serai down first.");
        assertThat(wish("http://two:4646").against(OWN))
                .contains(
                        "Serai runs with its own Nomad at http://127.0.0.1:4646, and NOMAD_ADDR asks for http://two:4646. ./serai down first.");
    }
}
