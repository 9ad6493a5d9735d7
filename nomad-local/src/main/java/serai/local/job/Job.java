// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.job;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import serai.local.doc.Json;

/** A job as it is stored and read back: the document, with names for the fields that decide something. */
public record Job(ObjectNode doc) {
    public String id() {
        return Json.text(doc, "ID");
    }

    public String namespace() {
        return Json.text(doc, "Namespace");
    }

    public String type() {
        return Json.text(doc, "Type");
    }

    public boolean isBatch() {
        return type().equals("batch");
    }

    public boolean stopped() {
        return Json.flag(doc, "Stop");
    }

    public String status() {
        return Json.text(doc, "Status");
    }

    public int priority() {
        return (int) Json.number(doc, "Priority");
    }

    public long version() {
        return Json.number(doc, "Version");
    }

    public long createIndex() {
        return Json.number(doc, "CreateIndex");
    }

    public long modifyIndex() {
        return Json.number(doc, "ModifyIndex");
    }

    public long jobModifyIndex() {
        return Json.number(doc, "JobModifyIndex");
    }

    public List<Group> groups() {
        return Json.each(doc.path("TaskGroups"))
                .map(g -> new Group((ObjectNode) g))
                .toList();
    }

    public Optional<Group> group(String name) {
        return groups().stream().filter(g -> g.name().equals(name)).findFirst();
    }

    public Job with(Object... pairs) {
        return new Job(Json.with(doc, pairs));
    }

    public Job withGroups(UnaryOperator<Group> change) {
        ArrayNode groups = Json.array();
        groups().forEach(group -> groups.add(change.apply(group).doc()));
        return with("TaskGroups", groups);
    }

    /** One task group of a job. */
    public record Group(ObjectNode doc) {
        public String name() {
            return Json.text(doc, "Name");
        }

        public int count() {
            return (int) Json.number(doc, "Count");
        }

        public Group with(Object... pairs) {
            return new Group(Json.with(doc, pairs));
        }

        public List<Task> tasks() {
            return Json.each(doc.path("Tasks"))
                    .map(t -> new Task((ObjectNode) t))
                    .toList();
        }

        public Optional<Task> task(String name) {
            return tasks().stream().filter(t -> t.name().equals(name)).findFirst();
        }

        public Optional<Scaling> scaling() {
            JsonNode scaling = doc.path("Scaling");
            return scaling.isObject() ? Optional.of(new Scaling((ObjectNode) scaling)) : Optional.empty();
        }

        public int diskMb() {
            return Json.at(doc, "EphemeralDisk", "SizeMB").asInt();
        }

        /** How many instances an update may replace at a time; 0 switches deployments off. */
        public int maxParallel() {
            return Json.at(doc, "Update", "MaxParallel").asInt();
        }

        public Duration minHealthyTime() {
            return Duration.ofNanos(Json.at(doc, "Update", "MinHealthyTime").asLong());
        }

        public Duration shutdownDelay() {
            return Duration.ofNanos(Json.number(doc, "ShutdownDelay"));
        }

        public JsonNode network() {
            return Json.at(doc, "Networks").path(0);
        }
    }

    /** The bounds of a group's count. */
    public record Scaling(ObjectNode doc) {
        public String id() {
            return Json.text(doc, "ID");
        }

        public long min() {
            return Json.number(doc, "Min");
        }

        public long max() {
            return Json.number(doc, "Max");
        }
    }

    /** One task of a group: a process. */
    public record Task(ObjectNode doc) {
        public String name() {
            return Json.text(doc, "Name");
        }

        public String driver() {
            return Json.text(doc, "Driver");
        }

        public JsonNode config() {
            return doc.path("Config");
        }

        public int cpu() {
            return Json.at(doc, "Resources", "CPU").asInt();
        }

        public int memoryMb() {
            return Json.at(doc, "Resources", "MemoryMB").asInt();
        }

        public int memoryMaxMb() {
            return Json.at(doc, "Resources", "MemoryMaxMB").asInt();
        }

        public String killSignal() {
            return Json.text(doc, "KillSignal");
        }

        public Duration killTimeout() {
            return Duration.ofNanos(Json.number(doc, "KillTimeout"));
        }

        public Duration shutdownDelay() {
            return Duration.ofNanos(Json.number(doc, "ShutdownDelay"));
        }

        public long logFileBytes() {
            return Json.at(doc, "LogConfig", "MaxFileSizeMB").asLong() * 1024 * 1024;
        }

        public int logFiles() {
            return Json.at(doc, "LogConfig", "MaxFiles").asInt();
        }
    }
}
