// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

/** A task cannot be started; the type is that of the task event that says so. */
final class SetupException extends Exception {
    private static final long serialVersionUID = 1;

    /** What went wrong. */
    enum Kind {
        SETUP("Setup Failure", "SetupError", "setup_error", false),
        VALIDATION("Failed Validation", "ValidationError", "validation_error", false),
        ARTIFACT("Failed Artifact Download", "DownloadError", "download_error", true),
        DRIVER("Driver Failure", "DriverError", "driver_error", true);

        final String event;
        final String field;
        final String detail;
        /** Trying again may help. */
        final boolean mayPass;

        Kind(String event, String field, String detail, boolean mayPass) {
            this.event = event;
            this.field = field;
            this.detail = detail;
            this.mayPass = mayPass;
        }
    }

    final Kind kind;

    SetupException(Kind kind, String message) {
        super(message);
        this.kind = kind;
    }
}
