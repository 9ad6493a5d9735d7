// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.definition;

import java.util.Optional;
import modal.client.DataFormat;
import modal.client.Function;
import modal.client.FunctionCallInvocationType;
import modal.client.FunctionInput;
import serai.schedule.Arguments;
import serai.schedule.Cron;
import serai.schedule.Every;
import serai.schedule.Timetable;

/** Reads when a function wants to be called by the clock, and knows what it is called with then. */
final class ScheduleReader {
    private ScheduleReader() {}

    /**
     * @return empty for a function that is called by callers only
     * @throws serai.problem.ProblemException {@link serai.problem.Problem#INVALID_SCHEDULE}
     */
    static Optional<Timetable> read(Function function) {
        var schedule = function.getSchedule();
        return switch (schedule.getScheduleOneofCase()) {
            case CRON ->
                Optional.of(Cron.of(
                        schedule.getCron().getCronString(), schedule.getCron().getTimezone()));
            case PERIOD -> {
                var period = schedule.getPeriod();
                yield Optional.of(Every.of(
                        period.getYears(),
                        period.getMonths(),
                        period.getWeeks(),
                        period.getDays(),
                        period.getHours(),
                        period.getMinutes(),
                        period.getSeconds()));
            }
            case SCHEDULEONEOF_NOT_SET -> Optional.empty();
        };
    }

    /**
     * An input without arguments: the container's runtime takes it for {@code ((), {})} in whatever format, so nothing is
     * serialized here. The format is that of the result: the one which the function lists first, since it suits whoever
     * deployed it (Python's clients pickle, REST reads CBOR).
     */
    static Arguments arguments(Function function) {
        var formats = function.getSupportedOutputFormatsList();
        var input = FunctionInput.newBuilder()
                .setDataFormat(formats.isEmpty() ? DataFormat.DATA_FORMAT_PICKLE : formats.getFirst())
                .build();
        return new Arguments(input.toByteArray(), FunctionCallInvocationType.FUNCTION_CALL_INVOCATION_TYPE_ASYNC_VALUE);
    }
}
