// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import serai.local.doc.GoDuration;
import serai.local.doc.Json;
import serai.local.state.Times;

/** What happens to a task, as the API tells it. */
record TaskEvent(String type, String message, Map<String, String> details, Map<String, Object> fields) {

    static TaskEvent received() {
        return plain("Received", "Task received by client");
    }

    static TaskEvent setup() {
        return said("Task Setup", "Building Task Directory");
    }

    static TaskEvent downloading() {
        return plain("Downloading Artifacts", "Client is downloading artifacts");
    }

    static TaskEvent waitingForTemplate(String missing) {
        return said("Template", missing);
    }

    /** What a driver tells on its way. */
    static TaskEvent driver(String message) {
        return new TaskEvent("Driver", message, Map.of("driver_message", message), Map.of("DriverMessage", message));
    }

    static TaskEvent started() {
        return plain("Started", "Task started by client");
    }

    static TaskEvent failure(SetupException e) {
        return new TaskEvent(
                e.kind.event,
                e.getMessage(),
                Map.of(e.kind.detail, e.getMessage()),
                Map.of(e.kind.field, e.getMessage()));
    }

    static TaskEvent terminated(Exit exit) {
        Map<String, String> details = new java.util.TreeMap<>(Map.of(
                "exit_code",
                Integer.toString(exit.code()),
                "signal",
                Integer.toString(exit.signal()),
                "oom_killed",
                Boolean.toString(exit.oomKilled())));
        if (!exit.message().isEmpty()) {
            details.put("exit_message", exit.message());
        }
        return new TaskEvent(
                "Terminated",
                exit.text(),
                details,
                Map.of("ExitCode", exit.code(), "Signal", exit.signal(), "Message", exit.message()));
    }

    static TaskEvent restarting(String reason, Duration delay) {
        String text = "Task restarting in " + GoDuration.of(delay);
        boolean worthSaying = !reason.isEmpty() && !reason.equals(RestartTracker.WITHIN_POLICY);
        return new TaskEvent(
                "Restarting",
                worthSaying ? reason + " - " + text : text,
                Map.of("restart_reason", reason, "start_delay", Long.toString(delay.toNanos())),
                Map.of("RestartReason", reason, "StartDelay", delay.toNanos()));
    }

    static TaskEvent notRestarting(String reason) {
        return new TaskEvent(
                "Not Restarting",
                reason,
                Map.of("restart_reason", reason, "fails_task", "true"),
                Map.of("RestartReason", reason, "FailsTask", true));
    }

    static TaskEvent restartSignaled() {
        String reason = "User requested task to restart";
        return new TaskEvent(
                "Restart Signaled", reason, Map.of("restart_reason", reason), Map.of("RestartReason", reason));
    }

    static TaskEvent signaled(String signal) {
        String reason = "User requested signal to task";
        return new TaskEvent(
                "Signaling",
                "Task being sent signal " + signal + ": " + reason,
                Map.of("signal", signal, "signal_reason", reason),
                Map.of("TaskSignal", signal, "TaskSignalReason", reason));
    }

    /** "Interrupt" is Nomad's wording for every signal. */
    static TaskEvent killing(Duration timeout) {
        return new TaskEvent(
                "Killing",
                "Sent interrupt. Waiting %s before force killing".formatted(GoDuration.of(timeout)),
                Map.of("kill_timeout", GoDuration.of(timeout)),
                Map.of("KillTimeout", timeout.toNanos()));
    }

    static TaskEvent shutdownDelay(Duration delay) {
        return plain(
                "Waiting for shutdown delay",
                "Waiting for shutdown_delay of %s before killing the task.".formatted(GoDuration.of(delay)));
    }

    static TaskEvent killed() {
        return plain("Killed", "Task successfully killed");
    }

    static TaskEvent siblingFailed(String sibling) {
        return new TaskEvent(
                "Sibling Task Failed",
                "Task's sibling \"%s\" failed".formatted(sibling),
                Map.of("failed_sibling", sibling),
                Map.of("FailedSibling", sibling));
    }

    private static TaskEvent plain(String type, String message) {
        return new TaskEvent(type, message, Map.of(), Map.of());
    }

    private static TaskEvent said(String type, String message) {
        return new TaskEvent(type, message, Map.of("message", message), Map.of("Message", message));
    }

    ObjectNode json(Instant time) {
        ObjectNode doc = Json.object(
                "Details", details,
                "DiskLimit", 0,
                "DisplayMessage", message,
                "DownloadError", "",
                "DriverError", "",
                "DriverMessage", "",
                "ExitCode", 0,
                "FailedSibling", "",
                "FailsTask", false,
                "GenericSource", "",
                "KillError", "",
                "KillReason", "",
                "KillTimeout", 0,
                "Message", "",
                "RestartReason", "",
                "SetupError", "",
                "Signal", 0,
                "StartDelay", 0,
                "TaskSignal", "",
                "TaskSignalReason", "",
                "Time", Times.nanos(time),
                "Type", type,
                "ValidationError", "",
                "VaultError", "");
        fields.forEach((name, value) -> doc.set(name, Json.MAPPER.valueToTree(value)));
        return doc;
    }
}
