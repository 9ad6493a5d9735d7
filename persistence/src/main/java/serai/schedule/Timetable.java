// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.schedule;

import java.time.Instant;
import java.util.Optional;

/** When a function is called by the clock. Pure: the same questions have the same answers on every server. */
public sealed interface Timetable permits Cron, Every {

    /**
     * @param since when the timetable took effect: a period counts from there
     * @return the first slot after both; empty if there is none
     */
    Optional<Instant> next(Instant after, Instant since);

    Kind kind();

    /** With {@link #kind} and {@link #timezone} all there is to know; {@link #of} reads it. */
    String expression();

    /** IANA name. */
    String timezone();

    /**
     * @param timezone IANA name; empty for UTC
     * @throws serai.problem.ProblemException {@link serai.problem.Problem#INVALID_SCHEDULE}, with field, value and position
     */
    static Timetable of(Kind kind, String expression, String timezone) {
        return switch (kind) {
            case CRON -> Cron.of(expression, timezone);
            case PERIOD -> Every.of(expression);
        };
    }

    /** The two that the client protocol has. */
    enum Kind {
        CRON,
        PERIOD
    }
}
