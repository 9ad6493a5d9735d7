// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import serai.local.control.Nodes;
import serai.local.control.RefusedException;
import serai.local.doc.Json;
import serai.local.doc.Shape;
import serai.local.http.Reads.Found;
import serai.local.state.Alloc;
import serai.local.state.Store;
import serai.local.state.Table;

/** {@code /v1/nodes}, {@code /v1/node/...}, node pools and namespaces. */
final class NodeRoutes {
    private static final List<ObjectNode> POOLS =
            List.of(pool("all", "Node pool with all nodes in the cluster."), pool("default", "Default node pool."));

    private static final Shape ELIGIBILITY =
            new Shape("NodeUpdateEligibilityRequest").optional("Eligibility", Shape.Scalar.STRING);
    private static final Shape DRAIN = new Shape("NodeUpdateDrainRequest")
            .optional(
                    "DrainSpec",
                    new Shape("DrainSpec")
                            .optional("Deadline", Shape.Scalar.DURATION)
                            .optional("IgnoreSystemJobs", Shape.Scalar.BOOL)
                            .nested())
            .optional("MarkEligible", Shape.Scalar.BOOL)
            .optional("Meta", new Shape.Free());

    private final Store store;
    private final Nodes nodes;
    private final Reads reads;

    NodeRoutes(Store store, Nodes nodes, Reads reads) {
        this.store = store;
        this.nodes = nodes;
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
                .write("/v1/node/*/drain", this::drain)
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
        JsonNode request = ELIGIBILITY.conform(call.json("api.NodeUpdateEligibilityRequest"));
        return changed(nodes.mark(call.parameter(0), Json.text(request, "Eligibility")), false);
    }

    private Reply drain(Call call) {
        JsonNode request = DRAIN.conform(call.json("api.NodeUpdateDrainRequest"));
        JsonNode spec = request.path("DrainSpec");
        JsonNode meta = request.path("Meta");
        Nodes.Result result = spec.isObject()
                ? nodes.drain(
                        call.parameter(0),
                        Duration.ofNanos(Json.number(spec, "Deadline")),
                        Json.flag(spec, "IgnoreSystemJobs"),
                        meta)
                : nodes.cancelDrain(call.parameter(0), Json.flag(request, "MarkEligible"), meta);
        return changed(result, true);
    }

    private static Reply changed(Nodes.Result result, boolean tellsIndex) {
        return Reply.json(Json.object(
                        "EvalCreateIndex",
                        result.evaluationIndex(),
                        "EvalIDs",
                        result.evaluations().isEmpty() ? NullNode.getInstance() : result.evaluations(),
                        "Index",
                        result.index(),
                        "NodeModifyIndex",
                        tellsIndex ? result.index() : 0))
                .with("X-Nomad-Index", result.index());
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

    private static boolean isIn(ObjectNode doc, String namespace) {
        return Json.text(doc, "Namespace").equals(namespace);
    }

    private static String used(String namespace, List<String> users) {
        StringBuilder text = new StringBuilder(users.size() == 1 ? "1 error" : users.size() + " errors");
        text.append(" occurred:\n");
        users.forEach(kind -> text.append(
                "\t* namespace \"%s\" has non-terminal %s in regions: [global]\n".formatted(namespace, kind)));
        return text.append('\n').toString();
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
            List<String> users = new ArrayList<>();
            if (commit.all(Table.JOBS)
                    .anyMatch(j -> isIn(j, name) && !Json.text(j, "Status").equals("dead"))) {
                users.add("jobs");
            }
            if (commit.all(Table.ALLOCATIONS).anyMatch(a -> isIn(a, name) && !new Alloc(a).ended())) {
                users.add("allocations");
            }
            if (!users.isEmpty()) {
                throw new RefusedException(500, used(name, users));
            }
            commit.remove(Table.NAMESPACES, name);
            return commit.index();
        });
        return Reply.nothing(200).with("X-Nomad-Index", index);
    }
}
