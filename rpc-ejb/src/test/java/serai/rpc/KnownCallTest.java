// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import serai.call.FunctionCall.Kind;
import serai.call.Outcome;
import serai.call.Output;

class KnownCallTest {
    private static final Output RESULT = new Output(1, "in-1", 0, Outcome.SUCCESS, new byte[0], null);
    private static final Output STORED = new Output(1, "in-1", 0, Outcome.FAILURE, null, "because");

    private final List<Integer> looks = new ArrayList<>();

    private List<Output> stored() {
        looks.add(looks.size());
        return List.of(STORED);
    }

    private static KnownCall begun(Kind kind) {
        return new KnownCall("fc-1", "ac-1", kind, true);
    }

    @Test
    void givenACallThatBeganHere_whenNothingWasHeardOfIt_thenTheFirstLookIsSpared() {
        try (var wait = begun(Kind.UNARY).waitForResult()) {
            assertThat(wait.look(0, this::stored)).isEmpty();
            assertThat(looks).isEmpty();
            assertThat(wait.look(0, this::stored)).containsExactly(STORED);
        }
    }

    @Test
    void givenSomebodyWaits_whenTheResultIsDeliveredHere_thenItIsHandedOverOnce() {
        var call = begun(Kind.UNARY);
        try (var wait = call.waitForResult()) {
            call.delivered(RESULT);
            assertThat(wait.look(0, this::stored)).containsExactly(RESULT);
            assertThat(looks).isEmpty();
            assertThat(wait.look(0, this::stored)).containsExactly(STORED);
        }
    }

    @Test
    void givenNobodyWaits_whenTheResultIsDelivered_thenItIsLookedUpLater() {
        var call = begun(Kind.UNARY);
        call.delivered(RESULT);
        try (var wait = call.waitForResult()) {
            assertThat(wait.look(0, this::stored)).containsExactly(STORED);
        }
    }

    @Test
    void givenThereIsSomethingToFind_whenItIsHeardBeforeTheFirstLook_thenItIsLookedUp() {
        var call = begun(Kind.UNARY);
        call.heard();
        try (var wait = call.waitForResult()) {
            assertThat(wait.look(0, this::stored)).containsExactly(STORED);
        }
    }

    @Test
    void givenWhoeverWaitedHasGone_thenAResultIsNotKeptForThem() {
        var call = begun(Kind.UNARY);
        var gone = call.waitForResult();
        call.delivered(RESULT);
        gone.close();
        try (var wait = call.waitForResult()) {
            assertThat(wait.look(0, this::stored)).containsExactly(STORED);
        }
    }

    @Test
    void givenACallThatBeganElsewhereOrHasManyInputs_thenEachLookIsDone() {
        for (var call : List.of(new KnownCall("fc-1", "ac-1", Kind.UNARY, false), begun(Kind.MAP))) {
            try (var wait = call.waitForResult()) {
                call.delivered(RESULT);
                assertThat(wait.look(call.kind() == Kind.MAP ? 0 : 1, this::stored))
                        .containsExactly(STORED);
            }
        }
    }
}
