// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import com.hashicorp.nomad.apimodel.AllocationListStub;
import com.hashicorp.nomad.apimodel.TaskEvent;
import com.hashicorp.nomad.apimodel.TaskState;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import serai.cluster.Allocation;
import serai.cluster.Allocation.State;
import serai.cluster.AllocationId;
import serai.pool.PoolId;

/**
 * An allocation in Nomad's words, as a list, a single read and an event agree on them.
 *
 * @param modified nanoseconds since the epoch
 */
record ReportedAllocation(
        String id,
        String jobId,
        String name,
        String nodeName,
        String desiredStatus,
        String desiredDescription,
        String clientStatus,
        String clientDescription,
        List<TaskEvent> events,
        long modified) {

    static ReportedAllocation of(com.hashicorp.nomad.apimodel.Allocation a) {
        return new ReportedAllocation(
                a.getId(),
                a.getJobId(),
                a.getName(),
                text(a.getNodeName()),
                text(a.getDesiredStatus()),
                text(a.getDesiredDescription()),
                text(a.getClientStatus()),
                text(a.getClientDescription()),
                events(a.getTaskStates()),
                a.getModifyTime());
    }

    static ReportedAllocation of(AllocationListStub a) {
        return new ReportedAllocation(
                a.getId(),
                a.getJobId(),
                a.getName(),
                text(a.getNodeName()),
                text(a.getDesiredStatus()),
                text(a.getDesiredDescription()),
                text(a.getClientStatus()),
                text(a.getClientDescription()),
                events(a.getTaskStates()),
                a.getModifyTime());
    }

    boolean isOurs() {
        return jobId.startsWith(RunnerJob.PREFIX);
    }

    Allocation toAllocation() {
        var state = state();
        return new Allocation(
                new AllocationId(id),
                new PoolId(jobId),
                index(),
                nodeName,
                state,
                reason(state).strip().replaceAll("\\s+", " "),
                exitCode(state),
                Instant.EPOCH.plus(Duration.ofNanos(modified)));
    }

    private State state() {
        return switch (clientStatus) {
            case "pending" -> isWanted() ? State.PENDING : State.STOPPING;
            case "running" -> isWanted() ? State.RUNNING : State.STOPPING;
            case "complete" -> State.COMPLETE;
            case "failed" -> State.FAILED;
            case "lost", "unknown" ->
                State.LOST; // unknown: its node is disconnected, and the lease will not wait for it
            default -> throw new IllegalStateException("allocation %s is %s".formatted(id, clientStatus));
        };
    }

    /** The other desired statuses are stop and evict. */
    private boolean isWanted() {
        return desiredStatus.equals("run");
    }

    /** Names are {@code job.group[index]}. */
    private int index() {
        return Integer.parseInt(name, name.lastIndexOf('[') + 1, name.length() - 1, 10);
    }

    private String reason(State state) {
        return switch (state) {
            case PENDING, RUNNING -> "";
            case STOPPING, COMPLETE -> desiredDescription;
            case LOST -> clientDescription.isEmpty() ? desiredDescription : clientDescription;
            case FAILED -> failures().findFirst().orElse(clientDescription);
        };
    }

    /** Newest first. */
    private Stream<String> failures() {
        return events.reversed().stream().flatMap(event -> failure(event).stream());
    }

    private static Optional<String> failure(TaskEvent event) {
        return switch (event.getType()) {
            case "Terminated" -> Optional.of(ending(event));
            // steps on the way, and what only repeats that there will be no other try
            case "Received", "Task Setup", "Downloading Artifacts", "Started", "Killed", "Not Restarting" ->
                Optional.empty();
            case "Killing" -> event.getFailsTask() ? Optional.of(event.getDisplayMessage()) : Optional.empty();
            default -> Optional.of(event.getType() + ": " + event.getDisplayMessage());
        };
    }

    private static String ending(TaskEvent event) {
        boolean outOfMemory = "true".equals(details(event).get("oom_killed"));
        return outOfMemory ? "out of memory: " + event.getDisplayMessage() : event.getDisplayMessage();
    }

    /** Empty when Nomad ended the task: the code is then that of our own signal. */
    private Optional<Integer> exitCode(State state) {
        boolean killed = events.stream().anyMatch(event -> event.getType().equals("Killing"));
        if (killed || !state.isTerminal()) {
            return Optional.empty();
        }
        return events.reversed().stream()
                .filter(event -> event.getType().equals("Terminated"))
                .findFirst()
                .map(event -> details(event).get("exit_code"))
                .map(Integer::valueOf);
    }

    private static Map<String, String> details(TaskEvent event) {
        return Objects.requireNonNullElse(event.getDetails(), Map.of());
    }

    /** Of the one task that our jobs have. */
    private static List<TaskEvent> events(Map<String, TaskState> tasks) {
        return Stream.ofNullable(tasks)
                .flatMap(states -> states.values().stream())
                .flatMap(state -> Stream.ofNullable(state.getEvents()))
                .flatMap(List::stream)
                .toList();
    }

    private static String text(String value) {
        return Objects.requireNonNullElse(value, "");
    }
}
