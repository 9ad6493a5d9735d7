// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.problem;

/**
 * Everything a caller can be told. The names are stable: clients may depend on them.
 *
 * <p>The kind is the canonical gRPC code together with the HTTP status that {@code google.rpc.Code} pairs with it, so
 * that each edge translates in one line.
 */
public enum Problem {
    INVALID_ARGUMENT(Kind.INVALID_ARGUMENT, "The request cannot be understood"),
    INVALID_AUTOSCALER(Kind.INVALID_ARGUMENT, "The autoscaler settings contradict each other"),
    UNAUTHENTICATED(Kind.UNAUTHENTICATED, "The credentials are missing or wrong"),
    PERMISSION_DENIED(Kind.PERMISSION_DENIED, "These credentials do not allow this"),
    TOKEN_NOT_FOUND(Kind.NOT_FOUND, "There is no such token"),
    ENVIRONMENT_EXISTS(Kind.ALREADY_EXISTS, "There is an environment of that name"),
    ENVIRONMENT_NEEDED(Kind.FAILED_PRECONDITION, "The standard environment stays"),
    ENVIRONMENT_NOT_FOUND(Kind.NOT_FOUND, "There is no such environment"),
    APP_NOT_FOUND(Kind.NOT_FOUND, "There is no such app"),
    APP_NOT_DEPLOYED(Kind.FAILED_PRECONDITION, "The app is not deployed"),
    APP_NAME_TAKEN(Kind.ABORTED, "An app of that name was deployed meanwhile"),
    VERSION_NOT_FOUND(Kind.NOT_FOUND, "The app has no such version"),
    APP_STOPPED(Kind.FAILED_PRECONDITION, "The app is stopped"),
    FUNCTION_NOT_FOUND(Kind.NOT_FOUND, "There is no such function"),
    FUNCTION_CHANGING(Kind.UNAVAILABLE, "The function is deployed again all the time"),
    FUNCTION_NOT_DEFINED(Kind.FAILED_PRECONDITION, "The function has no definition yet"),
    FUNCTION_IS_SERVER(Kind.FAILED_PRECONDITION, "The function is an HTTP server, which takes no calls"),
    CLASS_NOT_FOUND(Kind.NOT_FOUND, "There is no such class"),
    HANDLER_NOT_FOUND(Kind.INVALID_ARGUMENT, "The sources do not have the function's handler"),
    SOURCES_TOO_LARGE(Kind.INVALID_ARGUMENT, 413, "The sources are larger than allowed"),
    IMAGE_NOT_FOUND(Kind.NOT_FOUND, "There is no such image"),
    IMAGE_UNSUPPORTED(Kind.FAILED_PRECONDITION, "The image needs what is not available"),
    MOUNT_NOT_FOUND(Kind.NOT_FOUND, "There is no such mount"),
    FILE_NOT_FOUND(Kind.NOT_FOUND, "There is no such file"),
    BLOB_NOT_FOUND(Kind.NOT_FOUND, "There is no such blob"),
    BLOB_TOO_LARGE(Kind.INVALID_ARGUMENT, "The payload is larger than allowed"),
    POOL_NOT_FOUND(Kind.NOT_FOUND, "There is no such pool"),
    CONTAINER_NOT_FOUND(Kind.NOT_FOUND, "There is no such container"),
    CONTAINER_KNOWN(Kind.ALREADY_EXISTS, "The allocation was let in before"),
    CONTAINER_REFUSED(Kind.PERMISSION_DENIED, "The container is not let in"),
    INVALID_SCHEDULE(Kind.INVALID_ARGUMENT, "The schedule cannot be understood"),
    SCHEDULE_NOT_FOUND(Kind.NOT_FOUND, "There is no such schedule"),
    SCHEDULE_ENDED(Kind.FAILED_PRECONDITION, "The schedule has ended"),
    SANDBOX_NOT_FOUND(Kind.NOT_FOUND, "There is no such sandbox"),
    SECRET_NOT_FOUND(Kind.NOT_FOUND, "There is no such secret"),
    SECRET_EXISTS(Kind.ALREADY_EXISTS, "There is a secret of that name"),
    SECRET_INCOMPLETE(Kind.NOT_FOUND, "The secret does not have a variable that is needed"),
    SECRET_UNREADABLE(Kind.FAILED_PRECONDITION, "The secret cannot be decrypted"),
    SECRETS_UNAVAILABLE(Kind.FAILED_PRECONDITION, "The server keeps no secrets"),
    INVALID_SECRET(Kind.INVALID_ARGUMENT, "The secret cannot be kept"),
    BACKLOG_FULL(Kind.RESOURCE_EXHAUSTED, "Too many inputs of the function wait"),
    CALL_NOT_FOUND(Kind.NOT_FOUND, "There is no such call"),
    PROXY_TOKEN_NOT_FOUND(Kind.NOT_FOUND, "There is no such proxy token"),
    UNSUPPORTED(Kind.UNIMPLEMENTED, "This is not available"),
    FEATURE_UNSUPPORTED(Kind.FAILED_PRECONDITION, "The function asks for what is not available"),
    IDEMPOTENCY_KEY_REUSED(Kind.INVALID_ARGUMENT, 422, "The idempotency key belongs to another request"),
    REQUEST_REPEATED(Kind.UNAVAILABLE, "The same request is being answered already"),
    SERVER_STOPPING(Kind.UNAVAILABLE, "The server is going down"),
    DATABASE_UNAVAILABLE(Kind.UNAVAILABLE, "The database does not answer"),
    DATABASE_FULL(Kind.UNAVAILABLE, 507, "The database has no room left"),
    STORAGE_FULL(Kind.UNAVAILABLE, 507, "The storage has no room left"),
    STORAGE_UNAVAILABLE(Kind.UNAVAILABLE, "The storage does not answer"),
    CLUSTER_UNAVAILABLE(Kind.UNAVAILABLE, "The cluster does not answer"),
    CLUSTER_REFUSED(Kind.FAILED_PRECONDITION, "The cluster refuses the request"),
    POOL_NOT_DECLARED(Kind.FAILED_PRECONDITION, "The cluster does not know the pool");

    public final Kind kind;
    public final String title;

    /** The kind's status, but for what HTTP has a more exact one. */
    public final int http;

    Problem(Kind kind, String title) {
        this(kind, kind.http, title);
    }

    Problem(Kind kind, int http, String title) {
        this.kind = kind;
        this.title = title;
        this.http = http;
    }

    /** @param detail what the caller can act on: the name, the limit, the value that was given */
    public ProblemException because(String detail, Object... values) {
        return new ProblemException(this, detail.formatted(values));
    }

    /** A canonical gRPC code and its HTTP status. */
    public enum Kind {
        INVALID_ARGUMENT(400),
        FAILED_PRECONDITION(400),
        UNAUTHENTICATED(401),
        PERMISSION_DENIED(403),
        NOT_FOUND(404),
        ALREADY_EXISTS(409),
        ABORTED(409),
        RESOURCE_EXHAUSTED(429),
        UNIMPLEMENTED(501),
        INTERNAL(500),
        UNAVAILABLE(503),
        DEADLINE_EXCEEDED(504);

        public final int http;

        Kind(int http) {
            this.http = http;
        }
    }
}
