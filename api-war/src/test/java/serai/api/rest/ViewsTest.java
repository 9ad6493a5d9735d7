// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.json.bind.Jsonb;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serai.api.http.JsonFormat;
import serai.call.CallProgress;
import serai.call.FunctionCall;
import serai.function.AutoscalerSettings;
import serai.function.Definition;
import serai.function.Resources;
import serai.function.RetryPolicy;
import serai.problem.ProblemException;

class ViewsTest {
    static final Jsonb JSON = new JsonFormat().getContext(Object.class);
    static final Instant NOON = Instant.parse("2030-01-01T12:00:00Z");

    @Test
    void givenACall_thenItsNamesAreInLowerCaseAndItsTimesIso8601() {
        assertThat(JSON.toJson(CallView.of(new CallProgress(call(3, 2), CallProgress.State.RUNNING))))
                .isEqualTo(
                        "{\"app\":\"ap-1\",\"created_at\":\"2030-01-01T12:00:00Z\",\"function\":\"fu-1\",\"id\":\"fc-1\","
                                + "\"inputs\":3,\"kind\":\"map\",\"outputs\":2,\"state\":\"RUNNING\"}");
    }

    @Test
    void givenWhatAFunctionAsksFor_thenDurationsAreIso8601() {
        var duties = new Definition.Duties(
                new AutoscalerSettings(0, 10, 0, Duration.ofSeconds(60)),
                RetryPolicy.NONE,
                new Resources(125, 128, 0, 512),
                1,
                Duration.ofSeconds(300),
                Duration.ofSeconds(300),
                "im-1",
                List.of(),
                "1.6.4");
        assertThat(JSON.toJson(FunctionDetail.Runs.of(duties)))
                .contains("\"scaledown_window\":\"PT1M\"")
                .contains("\"milli_cpu\":125");
    }

    @Test
    void givenMoreThanTheLimit_thenThePageSaysSo() {
        var page = Page.of("2", size -> Collections.nCopies(size, "x"), x -> x);
        assertThat(page).isEqualTo(new Page<>(List.of("x", "x"), true, null));
        assertThat(Page.of("2", size -> List.of("x", "y"), x -> x).more()).isFalse();
        assertThat(Page.of(null, size -> Collections.nCopies(size, "x"), x -> x).items())
                .hasSize(100);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "501", "-1", "", "ten", "1e2", "99999999999"})
    void givenALimitOutOfBounds_thenItIsRefused(String limit) {
        assertThatThrownBy(() -> Page.of(limit, size -> List.of(), x -> x)).isInstanceOf(ProblemException.class);
    }

    private static FunctionCall call(int inputs, int outputs) {
        return new FunctionCall("fc-1", "ws-1", "ap-1", "fu-1", FunctionCall.Kind.MAP, 1, inputs, outputs, NOON);
    }
}
