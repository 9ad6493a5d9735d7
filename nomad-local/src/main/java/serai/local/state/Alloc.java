// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.state;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Set;
import serai.local.doc.Json;
import serai.local.job.Job;

/** An allocation: one instance of a task group on the node. */
public record Alloc(ObjectNode doc) {
    private static final Set<String> TERMINAL = Set.of("complete", "failed", "lost");

    public String id() {
        return Json.text(doc, "ID");
    }

    public String name() {
        return Json.text(doc, "Name");
    }

    public String namespace() {
        return Json.text(doc, "Namespace");
    }

    public String jobId() {
        return Json.text(doc, "JobID");
    }

    public String group() {
        return Json.text(doc, "TaskGroup");
    }

    /** The job as it was when the allocation was placed or last updated in place. */
    public Job job() {
        return new Job((ObjectNode) doc.get("Job"));
    }

    /** The number in the name's brackets. */
    public int index() {
        String name = name();
        return Integer.parseInt(name, name.lastIndexOf('[') + 1, name.length() - 1, 10);
    }

    public String desiredStatus() {
        return Json.text(doc, "DesiredStatus");
    }

    public boolean wanted() {
        return desiredStatus().equals("run");
    }

    public String clientStatus() {
        return Json.text(doc, "ClientStatus");
    }

    /** True once nothing of it runs any more. */
    public boolean ended() {
        return TERMINAL.contains(clientStatus());
    }

    public boolean failed() {
        return clientStatus().equals("failed") || clientStatus().equals("lost");
    }

    public long createIndex() {
        return Json.number(doc, "CreateIndex");
    }

    public long modifyIndex() {
        return Json.number(doc, "ModifyIndex");
    }

    public JsonNode taskStates() {
        return doc.path("TaskStates");
    }

    public boolean migrating() {
        return Json.at(doc, "DesiredTransition", "Migrate").asBoolean();
    }

    public Alloc with(Object... pairs) {
        return new Alloc(Json.with(doc, pairs));
    }
}
