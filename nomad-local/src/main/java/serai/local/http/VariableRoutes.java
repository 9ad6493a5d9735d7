// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import serai.local.control.RefusedException;
import serai.local.doc.Json;
import serai.local.doc.Shape;
import serai.local.http.Reads.Found;
import serai.local.state.Commit;
import serai.local.state.Store;
import serai.local.state.Table;
import serai.local.state.Tables;

/** {@code /v1/vars} and {@code /v1/var/...}. Their contents are kept readable on this machine's disk. */
final class VariableRoutes {
    private static final int MOST_BYTES = 64 * 1024;
    private static final Shape VARIABLE = new Shape("Variable")
            .optional("Namespace", Shape.Scalar.STRING)
            .optional("Path", Shape.Scalar.STRING)
            .optional("Items", new Shape.Free());

    private final Store store;
    private final Reads reads;

    VariableRoutes(Store store, Reads reads) {
        this.store = store;
        this.reads = reads;
    }

    void addTo(Routes routes) {
        routes.read("/v1/vars", this::list).readWriteDelete("/v1/var/*", this::read, this::put, this::delete);
    }

    private Reply list(Call call) throws InterruptedException {
        return reads.answer(
                call,
                tables -> Found.of(
                        tables.index(Table.VARIABLES),
                        tables.all(Table.VARIABLES)
                                .filter(v -> call.inNamespace(Json.text(v, "Namespace"))
                                        && Json.text(v, "Path").startsWith(call.query("prefix", "")))
                                .map(v -> (JsonNode) Json.with(v, "Items", null))
                                .collect(Json.toArray())));
    }

    private Reply read(Call call) throws InterruptedException {
        return reads.answer(
                call,
                tables -> Found.of(
                        tables.get(Table.VARIABLES, key(call)).map(v -> Found.of(Json.number(v, "ModifyIndex"), v)),
                        tables.index(Table.VARIABLES),
                        "variable not found"));
    }

    private static String key(Call call) {
        return Tables.jobKey(call.namespace(), call.parameter(0));
    }

    /** The stored variable, or the one that stands in the way of a check-and-set. */
    private record Outcome(long index, Optional<ObjectNode> stored, boolean conflict) {
        Reply conflictReply() {
            byte[] body = Json.bytes(stored.orElse(Json.object()));
            return Reply.text(409, new String(body, StandardCharsets.UTF_8)).with("X-Nomad-Index", index);
        }
    }

    private Reply put(Call call) {
        ObjectNode given = VARIABLE.conform(call.json("api.Variable"));
        JsonNode items = given.path("Items");
        check(items);
        Outcome outcome = store.commit("VariableUpdated", commit -> {
            Optional<ObjectNode> stored = commit.get(Table.VARIABLES, key(call));
            if (conflicts(call, stored)) {
                return new Outcome(commit.index() - 1, stored, true);
            }
            ObjectNode variable = variable(commit, call, items, stored);
            commit.put(Table.VARIABLES, key(call), variable);
            return new Outcome(commit.index(), Optional.of(variable), false);
        });
        return outcome.conflict()
                ? outcome.conflictReply()
                : Reply.json(outcome.stored().orElseThrow()).with("X-Nomad-Index", outcome.index());
    }

    private static void check(JsonNode items) {
        if (items.isEmpty()) {
            throw new RefusedException(400, "variable missing required Items object");
        }
        long size = 0;
        for (var item : items.properties()) {
            if (!item.getValue().isTextual()) {
                throw new RefusedException(
                        400, "json: cannot unmarshal value into Go struct field Variable.Items of type string");
            }
            size += item.getKey().length() + item.getValue().textValue().getBytes(StandardCharsets.UTF_8).length;
        }
        if (size > MOST_BYTES) {
            throw new RefusedException(400, "RPC Error:: 400,variables are limited to 64KiB in total size");
        }
    }

    private static boolean conflicts(Call call, Optional<ObjectNode> stored) {
        if (call.query("cas").isEmpty()) {
            return false;
        }
        try {
            long wanted = Long.parseLong(call.query("cas").get());
            return wanted != stored.map(v -> Json.number(v, "ModifyIndex")).orElse(0L);
        } catch (NumberFormatException e) {
            throw new RefusedException(
                    400, "can not parse cas: " + call.query("cas").get());
        }
    }

    private static ObjectNode variable(Commit commit, Call call, JsonNode items, Optional<ObjectNode> stored) {
        return Json.object(
                "CreateIndex", stored.map(v -> Json.number(v, "CreateIndex")).orElse(commit.index()),
                "CreateTime", stored.map(v -> Json.number(v, "CreateTime")).orElse(commit.nowNanos()),
                "Items", items,
                "ModifyIndex", commit.index(),
                "ModifyTime", commit.nowNanos(),
                "Namespace", call.namespace(),
                "Path", call.parameter(0));
    }

    private Reply delete(Call call) {
        Outcome outcome = store.commit("VariableDeleted", commit -> {
            Optional<ObjectNode> stored = commit.get(Table.VARIABLES, key(call));
            if (conflicts(call, stored)) {
                return new Outcome(commit.index() - 1, stored, true);
            }
            commit.remove(Table.VARIABLES, key(call));
            return new Outcome(commit.index(), stored, false);
        });
        return outcome.conflict() ? outcome.conflictReply() : Reply.nothing(204).with("X-Nomad-Index", outcome.index());
    }
}
