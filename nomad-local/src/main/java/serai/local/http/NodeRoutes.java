// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import serai.local.control.Evaluator;
import serai.local.control.RefusedException;
import serai.local.doc.Json;
import serai.local.http.Reads.Found;
import serai.local.state.Store;
import serai.local.state.Table;

/** {@code /v1/nodes}, {@code /v1/node/...}, node pools and namespaces. */
final class NodeRoutes {
    private static final List<ObjectNode> POOLS =
            List.of(pool("all", "Node pool with all nodes in the cluster."), pool("default", "Default node pool."));

    private final Store store;
    private final Evaluator evaluator;
    private final Reads reads;

    NodeRoutes(Store store, Evaluator evaluator, Reads reads) {
        this.store = store;
        this.evaluator = evaluator;
        this.reads = reads;
    }

    void addTo(Routes routes) {
        routes.read("/v1/nodes", this::list)
                .read(
                        "/v1/node/pools",
                        call -> reads.answer(
                                call,
                                tables -> Found.of(
                                        1, POOLS.stream().map(p -> (JsonNode) p).collect(Json.toArray()))))
                .read("/v1/node/pool/*", this::pool)
                .read("/v1/node/*/allocations", this::allocations)
                .write("/v1/node/*/eligibility", this::eligibility)
                .read("/v1/node/*", this::read)
                .read("/v1/namespaces", this::namespaces)
                .readWriteDelete("/v1/namespace/*", this::namespace, this::putNamespace, this::deleteNamespace);
    }

    private static ObjectNode pool(String name, String description) {
        NullNode none = NullNode.getInstance();
        return Json.object(
                "CreateIndex",
                1,
                "Description",
                description,
                "Hash",
                none,
                "Meta",
                none,
                "ModifyIndex",
                1,
                "Name",
                name,
                "NodeIdentityTTL",
                86_400_000_000_000L,
                "SchedulerConfiguration",
                none);
    }

    private Reply list(Call call) throws InterruptedException {
        return reads.answer(
                call,
                tables -> Found.of(
                        tables.index(Table.NODES),
                        tables.all(Table.NODES)
                                .filter(node -> Json.text(node, "ID").startsWith(call.query("prefix", "")))
                                .map(node -> (JsonNode) Views.node(node, call.flag("resources"), call.flag("os")))
                                .collect(Json.toArray())));
    }

    private Reply read(Call call) throws InterruptedException {
        return reads.answer(
                call,
                tables -> Found.of(
                        tables.get(Table.NODES, call.parameter(0)).map(n -> Found.of(Json.number(n, "ModifyIndex"), n)),
                        tables.index(Table.NODES),
                        "node not found"));
    }

    private Reply allocations(Call call) throws InterruptedException {
        return reads.answer(
                call,
                tables -> Found.of(
                        tables.index(Table.ALLOCATIONS),
                        tables.allocs()
                                .filter(a -> Json.text(a.doc(), "NodeID").equals(call.parameter(0)))
                                .map(a -> (JsonNode) Json.with(a.doc(), "Job", null))
                                .collect(Json.toArray())));
    }

    private Reply eligibility(Call call) {
        String wanted = Json.text(call.json("api.NodeUpdateEligibilityRequest"), "Eligibility");
        if (!List.of("eligible", "ineligible").contains(wanted)) {
            throw new RefusedException(500, "invalid scheduling eligibility \"%s\"".formatted(wanted));
        }
        long index = store.commit("NodeEligibility", commit -> {
            ObjectNode node = commit.get(Table.NODES, call.parameter(0))
                    .orElseThrow(() -> new RefusedException(404, "node not found"));
            commit.putNode(Json.with(node, "SchedulingEligibility", wanted));
            return commit.index();
        });
        evaluator.unblock();
        return Reply.json(Json.object(
                        "EvalCreateIndex",
                        0,
                        "EvalIDs",
                        NullNode.getInstance(),
                        "Index",
                        index,
                        "NodeModifyIndex",
                        index))
                .with("X-Nomad-Index", index);
    }

    private Reply pool(Call call) throws InterruptedException {
        return reads.answer(
                call,
                tables -> Found.of(
                        POOLS.stream()
                                .filter(p -> Json.text(p, "Name").equals(call.parameter(0)))
                                .findFirst()
                                .map(p -> Found.of(1, p)),
                        1,
                        "node pool not found"));
    }

    private Reply namespaces(Call call) throws InterruptedException {
        return reads.answer(
                call,
                tables -> Found.of(
                        tables.index(Table.NAMESPACES),
                        tables.all(Table.NAMESPACES)
                                .filter(n -> Json.text(n, "Name").startsWith(call.query("prefix", "")))
                                .map(n -> (JsonNode) n)
                                .collect(Json.toArray())));
    }

    private Reply namespace(Call call) throws InterruptedException {
        return reads.answer(
                call,
                tables -> Found.of(
                        tables.get(Table.NAMESPACES, call.parameter(0))
                                .map(n -> Found.of(Json.number(n, "ModifyIndex"), n)),
                        tables.index(Table.NAMESPACES),
                        "Namespace not found"));
    }

    private Reply putNamespace(Call call) {
        JsonNode given = call.json("api.Namespace");
        String name = call.parameter(0);
        if (!name.matches("[a-zA-Z0-9-]{1,128}")) {
            throw new RefusedException(
                    500,
                    ("Invalid namespace \"%1$s\": 1 error occurred:\n\t* invalid name \"%1$s\". Must match regex"
                                    + " ^[a-zA-Z0-9-]{1,128}$\n\n")
                            .formatted(name));
        }
        long index = store.commit("NamespaceUpserted", commit -> {
            long created = commit.get(Table.NAMESPACES, name)
                    .map(n -> Json.number(n, "CreateIndex"))
                    .orElse(commit.index());
            commit.put(
                    Table.NAMESPACES,
                    name,
                    newNamespace(name, Json.text(given, "Description"), given.path("Meta"), created, commit.index()));
            return commit.index();
        });
        return Reply.nothing(200).with("X-Nomad-Index", index);
    }

    static ObjectNode newNamespace(String name, String description, JsonNode meta, long created, long modified) {
        NullNode none = NullNode.getInstance();
        return Json.object(
                "Capabilities", none,
                "ConsulConfiguration", none,
                "CreateIndex", created,
                "Description", description,
                "Hash", "",
                "Meta", meta.isObject() ? meta : none,
                "ModifyIndex", modified,
                "Name", name,
                "NodePoolConfiguration", none,
                "OptionalExtraClaims", none,
                "Quota", "",
                "RequiredExtraClaims", none,
                "VaultConfiguration", none);
    }

    private Reply deleteNamespace(Call call) {
        String name = call.parameter(0);
        long index = store.commit("NamespaceDeleted", commit -> {
            if (commit.get(Table.NAMESPACES, name).isEmpty()) {
                throw new RefusedException(404, "Namespace not found");
            }
            if (name.equals("default")) {
                throw new RefusedException(500, "can not delete default namespace");
            }
            boolean used = commit.all(Table.JOBS)
                    .anyMatch(j -> Json.text(j, "Namespace").equals(name));
            if (used) {
                throw new RefusedException(
                        500,
                        "1 error occurred:\n\t* namespace \"%s\" has non-terminal jobs in regions: [global]\n\n"
                                .formatted(name));
            }
            commit.remove(Table.NAMESPACES, name);
            return commit.index();
        });
        return Reply.nothing(200).with("X-Nomad-Index", index);
    }
}
