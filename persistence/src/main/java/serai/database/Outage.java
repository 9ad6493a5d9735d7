// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.database;

import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLTransientException;
import java.util.Optional;
import serai.problem.Problem;
import serai.problem.ProblemException;

/** Tells failures that pass, as the database is away, from our own defects. */
public final class Outage {
    /** PostgreSQL's disk_full. */
    private static final String DISK_FULL = "53100";

    private Outage() {}

    /** @return what to tell a caller; empty if the failure is none of the database's */
    public static Optional<ProblemException> behind(Throwable failure) {
        for (var cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql && passes(sql)) {
                var problem = DISK_FULL.equals(sql.getSQLState())
                        ? Problem.DATABASE_FULL.because(
                                "the database's disk is full: nothing can be kept until there is room")
                        : Problem.DATABASE_UNAVAILABLE.because("the database does not answer");
                problem.initCause(failure);
                return Optional.of(problem);
            }
        }
        return Optional.empty();
    }

    /**
     * Connection lost or refused (08), resources (53), operator intervention (57), deadlock and serialization (40). What the server's
     * pool of connections says has no state.
     */
    private static boolean passes(SQLException e) {
        var state = e.getSQLState();
        return e instanceof SQLNonTransientConnectionException
                || e instanceof SQLTransientException
                || state != null && state.matches("(08|53|57|40).*")
                || state == null && String.valueOf(e.getMessage()).contains("allocating a connection");
    }
}
