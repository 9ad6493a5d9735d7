// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import serai.local.doc.Json;

/** The state of a task as a document; each change is a new value. */
record TaskState(ObjectNode doc) {
    /** As many as Nomad keeps. */
    private static final int EVENTS = 10;

    static TaskState initial() {
        NullNode none = NullNode.getInstance();
        return new TaskState(Json.object(
                "Events",
                Json.array(),
                "Failed",
                false,
                "FinishedAt",
                none,
                "LastRestart",
                none,
                "Paused",
                "",
                "Restarts",
                0,
                "StartedAt",
                none,
                "State",
                "pending"));
    }

    TaskState event(TaskEvent event, Instant now) {
        ArrayNode events = Json.array();
        JsonNode before = doc.path("Events");
        for (int i = Math.max(0, before.size() - EVENTS + 1); i < before.size(); i++) {
            events.add(before.get(i));
        }
        return with("Events", events.add(event.json(now)));
    }

    TaskState running(Instant now) {
        return with("State", "running", "StartedAt", now.toString());
    }

    TaskState restarting(Instant now) {
        return with("State", "pending", "Restarts", Json.number(doc, "Restarts") + 1, "LastRestart", now.toString());
    }

    TaskState dead(boolean failed, Instant now) {
        return with("State", "dead", "Failed", failed, "FinishedAt", now.toString());
    }

    boolean isRunning() {
        return Json.text(doc, "State").equals("running");
    }

    boolean isToBeRestarted() {
        JsonNode events = doc.path("Events");
        return Json.text(doc, "State").equals("pending")
                && !events.isEmpty()
                && Json.text(events.get(events.size() - 1), "Type").equals("Restarting");
    }

    boolean isDead() {
        return Json.text(doc, "State").equals("dead");
    }

    boolean failed() {
        return Json.flag(doc, "Failed");
    }

    private TaskState with(Object... pairs) {
        return new TaskState(Json.with(doc, pairs));
    }
}
