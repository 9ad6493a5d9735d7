// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.lang.System.Logger.Level;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLTransientException;
import modal.client.RPCRetryPolicy;
import modal.client.RPCStatus;
import serai.problem.Problem;
import serai.problem.ProblemException;

/** What a failure looks like on the wire. Clients repeat INTERNAL and UNKNOWN, so these are for our own defects only. */
final class Failures {
    private static final System.Logger LOG = System.getLogger(Failures.class.getName());

    /** How long a client waits that is told so; it does not count that as a failed attempt. */
    private static final float BACKLOG_PAUSE_S = 1;

    private static final Metadata.Key<byte[]> DETAILS =
            Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);

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
                case ProblemException problem
                when problem.problem() == Problem.BACKLOG_FULL -> {
                    return detailed(
                            Status.RESOURCE_EXHAUSTED.withDescription(problem.getMessage()),
                            RPCRetryPolicy.newBuilder()
                                    .setRetryAfterSecs(BACKLOG_PAUSE_S)
                                    .build());
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

    /** @param detail what the client looks for among the details of a failure */
    static StatusRuntimeException detailed(Status status, Message detail) {
        var kept = RPCStatus.newBuilder()
                .setCode(status.getCode().value())
                .setMessage(status.getDescription())
                .addDetails(Any.pack(detail))
                .build();
        var trailers = new Metadata();
        trailers.put(DETAILS, kept.toByteArray());
        return status.asRuntimeException(trailers);
    }

    /** Connection lost or refused (08), resources (53), operator intervention (57), deadlock and serialization (40). */
    private static boolean isOutage(SQLException e) {
        var state = e.getSQLState();
        return e instanceof SQLNonTransientConnectionException
                || e instanceof SQLTransientException
                || state != null && state.matches("(08|53|57|40).*");
    }
}
