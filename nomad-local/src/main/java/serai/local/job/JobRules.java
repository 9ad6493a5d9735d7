// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.job;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import serai.local.doc.GoDuration;
import serai.local.doc.Json;

/** Says what is wrong with a job, in Nomad's words and nesting. */
public final class JobRules {
    private static final Set<String> OPERANDS = Set.of(
            "=",
            "==",
            "is",
            "!=",
            "not",
            ">",
            ">=",
            "<",
            "<=",
            "regexp",
            "version",
            "semver",
            "set_contains",
            "set_contains_all",
            "set_contains_any",
            "is_set",
            "is_not_set",
            "distinct_hosts",
            "distinct_property");
    private static final Duration LEAST_INTERVAL = Duration.ofSeconds(5);

    private JobRules() {}

    /** @return the text of the complaint; empty for a job that may be registered */
    public static String complaint(Job job) {
        return listed(jobErrors(job));
    }

    private static List<String> jobErrors(Job job) {
        List<String> errors = new ArrayList<>();
        if (job.id().contains(" ")) {
            errors.add("Job ID contains a space");
        }
        if (job.id().indexOf('\0') >= 0) {
            errors.add("Job ID contains a null character");
        }
        errors.addAll(typeErrors(job));
        if (job.priority() < 1 || job.priority() > 100) {
            errors.add("job priority must be between [1, 100]");
        }
        errors.addAll(constraintErrors(job.doc()));
        if (job.groups().isEmpty()) {
            errors.add("Missing job task groups");
        }
        Set<String> names = new HashSet<>();
        for (Job.Group group : job.groups()) {
            if (!names.add(group.name())) {
                errors.add("Job task group '%s' defined twice".formatted(group.name()));
            }
            wrap(errors, "Task group %s validation failed".formatted(group.name()), groupErrors(job, group));
        }
        return errors;
    }

    private static List<String> typeErrors(Job job) {
        return switch (job.type()) {
            case "service", "batch", "system", "sysbatch" -> Limits.of(job);
            default -> List.of("Invalid job type: \"%s\"".formatted(job.type()));
        };
    }

    private static List<String> constraintErrors(JsonNode holder) {
        List<String> errors = new ArrayList<>();
        int number = 1;
        for (JsonNode constraint : holder.path("Constraints")) {
            String operand = Json.text(constraint, "Operand");
            if (!OPERANDS.contains(operand)) {
                wrap(
                        errors,
                        "Constraint %d validation failed".formatted(number),
                        List.of("Unknown constraint type \"%s\"".formatted(operand)));
            }
            number++;
        }
        return errors;
    }

    private static List<String> groupErrors(Job job, Job.Group group) {
        List<String> errors = new ArrayList<>(Limits.of(group));
        if (group.name().isEmpty()) {
            errors.add("Missing task group name");
        }
        if (group.count() < 0) {
            errors.add("Task group count can't be negative");
        }
        if (group.tasks().isEmpty()) {
            errors.add("Missing tasks for task group");
        }
        errors.addAll(constraintErrors(group.doc()));
        errors.addAll(restartErrors(group.doc().path("RestartPolicy")));
        if (!Set.of("service", "batch").contains(job.type())
                && group.doc().path("Update").isObject()) {
            errors.add("Job type \"%s\" does not allow update block".formatted(job.type()));
        }
        wrap(errors, "Task group network validation failed", portErrors(group));
        for (Job.Task task : group.tasks()) {
            wrap(errors, "Task %s validation failed".formatted(task.name()), taskErrors(group, task));
        }
        group.scaling()
                .ifPresent(scaling ->
                        wrap(errors, "Task group scaling policy validation failed", scalingErrors(group, scaling)));
        return errors;
    }

    private static List<String> restartErrors(JsonNode restart) {
        List<String> errors = new ArrayList<>();
        Duration interval = Duration.ofNanos(Json.number(restart, "Interval"));
        Duration delay = Duration.ofNanos(Json.number(restart, "Delay"));
        long attempts = Json.number(restart, "Attempts");
        String mode = Json.text(restart, "Mode");
        if (!Set.of("fail", "delay").contains(mode)) {
            errors.add("Unsupported restart mode: \"%s\"".formatted(mode));
        }
        if (attempts == 0 && mode.equals("delay")) {
            errors.add("Restart policy \"delay\" with 0 attempts is ambiguous");
        }
        if (interval.compareTo(LEAST_INTERVAL) < 0) {
            errors.add("Interval can not be less than %s (got %s)"
                    .formatted(GoDuration.of(LEAST_INTERVAL), GoDuration.of(interval)));
        }
        if (delay.multipliedBy(attempts).compareTo(interval) > 0) {
            errors.add("Nomad can't restart the TaskGroup %d times in an interval of %s with a delay of %s"
                    .formatted(attempts, GoDuration.of(interval), GoDuration.of(delay)));
        }
        return errors;
    }

    private static List<String> portErrors(Job.Group group) {
        List<String> errors = new ArrayList<>();
        Set<String> labels = new HashSet<>();
        for (String kind : List.of("ReservedPorts", "DynamicPorts")) {
            for (JsonNode port : group.network().path(kind)) {
                if (!labels.add(Json.text(port, "Label"))) {
                    errors.add("Port label %s already in use by taskgroup network".formatted(Json.text(port, "Label")));
                }
            }
        }
        return errors;
    }

    private static List<String> taskErrors(Job.Group group, Job.Task task) {
        List<String> errors = new ArrayList<>(Limits.of(task));
        if (task.name().isEmpty()) {
            errors.add("Missing task name");
        }
        if (task.driver().isEmpty()) {
            errors.add("Missing task driver");
        }
        if (task.killTimeout().isNegative()) {
            errors.add("KillTimeout must be a positive value");
        }
        long logMb = (long) task.logFiles()
                * Json.at(task.doc(), "LogConfig", "MaxFileSizeMB").asLong();
        if (logMb >= group.diskMb()) {
            errors.add(listed(List.of("log storage (%d MB) must be less than requested disk capacity (%d MB)"
                    .formatted(logMb, group.diskMb()))));
        }
        List<String> least = new ArrayList<>();
        if (task.cpu() < 1 && Json.at(task.doc(), "Resources", "Cores").asInt() == 0) {
            least.add("minimum CPU value is 1; got " + task.cpu());
        }
        if (task.memoryMb() < 10) {
            least.add("minimum MemoryMB value is 10; got " + task.memoryMb());
        }
        if (!least.isEmpty()) {
            errors.add(listed(List.of(listed(least))));
        }
        int number = 1;
        for (JsonNode device : Json.at(task.doc(), "Resources", "Devices")) {
            if (Json.text(device, "Name").isEmpty()) {
                errors.add(listed(List.of("device %d failed validation: ".formatted(number)
                        + listed(List.of("device name must be given as one of the following: type, vendor/type,"
                                + " or vendor/type/name")))));
            }
            number++;
        }
        if (task.memoryMaxMb() != 0 && task.memoryMaxMb() < task.memoryMb()) {
            errors.add(listed(List.of("MemoryMaxMB value (%d) should be larger than MemoryMB value (%d)"
                    .formatted(task.memoryMaxMb(), task.memoryMb()))));
        }
        return errors;
    }

    private static List<String> scalingErrors(Job.Group group, Job.Scaling scaling) {
        List<String> errors = new ArrayList<>();
        if (scaling.max() < scaling.min()) {
            errors.add("Scaling policy invalid: maximum count must not be less than minimum count");
        }
        if (group.count() < scaling.min()) {
            errors.add(
                    "Scaling policy invalid: task group count must not be less than minimum count in scaling policy");
        }
        if (group.count() > scaling.max()) {
            errors.add(
                    "Scaling policy invalid: task group count must not be greater than maximum count in scaling policy");
        }
        return errors;
    }

    private static void wrap(List<String> errors, String title, List<String> inner) {
        if (!inner.isEmpty()) {
            errors.add(title + ": " + listed(inner));
        }
    }

    private static String listed(List<String> errors) {
        if (errors.isEmpty()) {
            return "";
        }
        String title = errors.size() == 1 ? "1 error occurred:" : errors.size() + " errors occurred:";
        return title + "\n"
                + String.join("", errors.stream().map(e -> "\t* " + e + "\n").toList()) + "\n";
    }

    /** What Nomad accepts but remarks upon. */
    public static String warnings(Job job) {
        List<String> warnings = new ArrayList<>();
        for (Job.Group group : job.groups()) {
            for (Job.Task task : group.tasks()) {
                if (task.memoryMaxMb() > task.memoryMb()) {
                    warnings.add(
                            ("Memory oversubscription is not enabled; Task \"%s.%s\" memory_max value will be ignored."
                                            + " Update the Scheduler Configuration to allow oversubscription.")
                                    .formatted(group.name(), task.name()));
                }
            }
            boolean serves = group.doc().path("Services").size() > 0;
            boolean delays = group.shutdownDelay().isPositive()
                    || group.tasks().stream().anyMatch(t -> t.shutdownDelay().isPositive());
            if (serves && !delays) {
                warnings.add(("group \"%s\" defines services, but neither the group nor any of its tasks have"
                                + " shutdown_delay set")
                        .formatted(group.name()));
            }
        }
        if (warnings.isEmpty()) {
            return "";
        }
        String title = warnings.size() == 1 ? "1 warning:" : warnings.size() + " warnings:";
        return title + "\n\n"
                + String.join("\n", warnings.stream().map(x -> "* " + x).toList());
    }
}
