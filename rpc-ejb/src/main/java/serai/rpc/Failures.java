// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import jakarta.persistence.OptimisticLockException;
import java.lang.System.Logger.Level;
import java.sql.SQLException;
import java.time.DateTimeException;
import modal.client.RPCRetryPolicy;
import modal.client.RPCStatus;
import serai.database.Outage;
import serai.problem.Problem;
import serai.problem.ProblemException;

/** What a failure looks like on the wire. Clients repeat INTERNAL and UNKNOWN, so these are for our own defects only. */
final class Failures {
    private static final System.Logger LOG = System.getLogger(Failures.class.getName());

    /** Characters: each may become 12 bytes on its way. */
    private static final int MAX_MESSAGE = 2_000;

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
                    return status(problem);
                }
                case SQLException sql
                when isUnstorable(sql) -> {
                    return Status.INVALID_ARGUMENT
                            .withDescription("%s: a value of the request cannot be stored: %s"
                                    .formatted(method.getBareMethodName(), firstLine(sql)))
                            .asRuntimeException();
                }
                case OptimisticLockException raced -> {
                    return Status.ABORTED
                            .withDescription("%s: another request has changed or removed it meanwhile: try again"
                                    .formatted(method.getBareMethodName()))
                            .asRuntimeException();
                }
                case RuntimeException unreadable
                when isRefusal(unreadable) -> {
                    LOG.log(
                            Level.WARNING,
                            method.getBareMethodName() + ": a value of the request is refused",
                            unreadable);
                    return Status.INVALID_ARGUMENT
                            .withDescription("%s: a value of the request is not allowed: %s"
                                    .formatted(
                                            method.getBareMethodName(),
                                            shortened(String.valueOf(unreadable.getMessage()))))
                            .asRuntimeException();
                }
                default -> {}
            }
        }
        var outage = Outage.behind(failure);
        if (outage.isPresent()) {
            LOG.log(
                    Level.WARNING,
                    "{0}: {1}",
                    method.getBareMethodName(),
                    outage.get().getMessage());
            return status(outage.get());
        }
        LOG.log(Level.ERROR, method.getBareMethodName() + " failed", failure);
        return Status.INTERNAL
                .withDescription("the server failed on %s; its log has the cause".formatted(method.getBareMethodName()))
                .asRuntimeException();
    }

    private static StatusRuntimeException status(ProblemException problem) {
        return Status.fromCode(Status.Code.valueOf(problem.problem().kind.name()))
                .withDescription(shortened(problem.getMessage()))
                .asRuntimeException();
    }

    /** A message repeats what it was asked for, and travels in a header, of which clients take 64 KiB. */
    static String shortened(String message) {
        return message.length() <= MAX_MESSAGE ? message : message.substring(0, MAX_MESSAGE) + "…";
    }

    /** What libraries, and Java's own, say of an argument; a broken invariant of ours is an IllegalStateException. */
    private static boolean isRefusal(RuntimeException e) {
        return e instanceof IllegalArgumentException
                || e instanceof ArithmeticException
                || e instanceof DateTimeException;
    }

    /** A data exception (22), such as U+0000 in a text or a number that its column does not hold. */
    private static boolean isUnstorable(SQLException e) {
        return e.getSQLState() != null && e.getSQLState().startsWith("22");
    }

    private static String firstLine(SQLException e) {
        return e.getMessage().lines().findFirst().orElse("");
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
}
