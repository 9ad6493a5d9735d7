// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.lang.System.Logger.Level;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLTransientException;
import serai.problem.ProblemException;

/** What a failure looks like on the wire. Clients repeat INTERNAL and UNKNOWN, so these are for our own defects only. */
final class Failures {
    private static final System.Logger LOG = System.getLogger(Failures.class.getName());

    private Failures() {}

    static StatusRuntimeException statusOf(MethodDescriptor<?, ?> method, Exception failure) {
        if (failure instanceof InterruptedException) {
            Thread.currentThread().interrupt();
            return Status.UNAVAILABLE.withDescription("the server is stopping").asRuntimeException();
        }
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            switch (cause) {
                case StatusRuntimeException status -> {
                    return status;
                }
                case ProblemException problem -> {
                    return Status.fromCode(
                                    Status.Code.valueOf(problem.problem().kind.name()))
                            .withDescription(problem.getMessage())
                            .asRuntimeException();
                }
                case SQLException sql
                when isOutage(sql) -> {
                    LOG.log(Level.WARNING, "{0}: the database does not answer: {1}", method.getBareMethodName(), sql);
                    return Status.UNAVAILABLE
                            .withDescription("the database does not answer")
                            .asRuntimeException();
                }
                default -> {}
            }
        }
        LOG.log(Level.ERROR, method.getBareMethodName() + " failed", failure);
        return Status.INTERNAL
                .withDescription("the server failed on %s; its log has the cause".formatted(method.getBareMethodName()))
                .asRuntimeException();
    }

    /** Connection lost or refused (08), resources (53), operator intervention (57), deadlock and serialization (40). */
    private static boolean isOutage(SQLException e) {
        var state = e.getSQLState();
        return e instanceof SQLNonTransientConnectionException
                || e instanceof SQLTransientException
                || state != null && state.matches("(08|53|57|40).*");
    }
}
