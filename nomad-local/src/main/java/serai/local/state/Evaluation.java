// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.state;

import com.fasterxml.jackson.databind.node.ObjectNode;
import serai.local.doc.Json;

/** A look at one job by the scheduler, and what came of it. */
public record Evaluation(ObjectNode doc) {
    public String id() {
        return Json.text(doc, "ID");
    }

    public String namespace() {
        return Json.text(doc, "Namespace");
    }

    public String jobId() {
        return Json.text(doc, "JobID");
    }

    public String status() {
        return Json.text(doc, "Status");
    }

    public boolean blocked() {
        return status().equals("blocked");
    }

    public boolean open() {
        return status().equals("pending") || blocked();
    }

    public long createIndex() {
        return Json.number(doc, "CreateIndex");
    }

    public long modifyIndex() {
        return Json.number(doc, "ModifyIndex");
    }

    public int priority() {
        return (int) Json.number(doc, "Priority");
    }

    public String waitUntil() {
        return Json.text(doc, "WaitUntil");
    }

    public Evaluation with(Object... pairs) {
        return new Evaluation(Json.with(doc, pairs));
    }
}
