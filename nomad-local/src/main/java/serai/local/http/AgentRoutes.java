// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import serai.local.doc.Json;
import serai.local.http.Reads.Found;
import serai.local.state.Store;

/** The agent itself: health, version, leader, and the settings that a client may want to see. */
final class AgentRoutes {
    private final AgentInfo info;
    private final Store store;
    private final Reads reads;
    private final Runnable collectGarbage;

    /** @param address host and port of the HTTP listener */
    record AgentInfo(String version, String nodeId, String nodeName, String address, String dataDirectory) {}

    AgentRoutes(AgentInfo info, Store store, Reads reads, Runnable collectGarbage) {
        this.info = info;
        this.store = store;
        this.reads = reads;
        this.collectGarbage = collectGarbage;
    }

    void addTo(Routes routes) {
        routes.read("/v1/agent/self", call -> Reply.json(self()))
                .read("/v1/agent/health", this::health)
                .read("/v1/agent/members", call -> Reply.json(members()))
                .read("/v1/agent/servers", call -> Reply.json(Json.array().add(info.address())))
                .read("/v1/status/leader", call -> Reply.json(Json.MAPPER.valueToTree(info.address())))
                .read("/v1/status/peers", call -> Reply.json(Json.array().add(info.address())))
                .read("/v1/regions", call -> Reply.json(Json.array().add("global")))
                .read("/v1/operator/scheduler/configuration", this::scheduler)
                .write("/v1/system/gc", this::gc)
                .write("/v1/system/reconcile/summaries", call -> Reply.nothing(200))
                .read("/v1/quotas", call -> Reply.text(501, "Nomad Enterprise only endpoint"))
                .read("/v1/services", call -> reads.answer(call, tables -> Found.of(1, Json.array())))
                .read("/v1/service/*", call -> reads.answer(call, tables -> Found.of(1, Json.array())));
    }

    private ObjectNode self() {
        String[] parts = info.version().split("-", 2);
        return Json.object(
                "config",
                        Json.object(
                                "ACL", Map.of("Enabled", false),
                                "Datacenter", "dc1",
                                "DataDir", info.dataDirectory(),
                                "DevMode", false,
                                "NodeName", info.nodeName(),
                                "Region", "global",
                                "Version",
                                        Json.object(
                                                "BuildDate",
                                                NullNode.getInstance(),
                                                "Revision",
                                                "",
                                                "Version",
                                                parts[0],
                                                "VersionMetadata",
                                                "nomad-local",
                                                "VersionPrerelease",
                                                parts.length > 1 ? parts[1] : "")),
                "member", member(),
                "stats",
                        Json.object(
                                "client",
                                        Map.of(
                                                "node_id", info.nodeId(),
                                                "num_allocations",
                                                        Long.toString(store.read(t -> t.allocs()
                                                                .filter(a -> !a.ended())
                                                                .count()))),
                                "nomad", Map.of("leader", "true", "leader_addr", info.address(), "server", "true"),
                                "runtime",
                                        Map.of(
                                                "arch",
                                                System.getProperty("os.arch"),
                                                "kernel.name",
                                                "linux",
                                                "version",
                                                "java" + Runtime.version())));
    }

    private ObjectNode member() {
        return Json.object(
                "Addr", "127.0.0.1",
                "DelegateCur", 4,
                "DelegateMax", 5,
                "DelegateMin", 2,
                "Name", info.nodeName() + ".global",
                "Port", 0,
                "ProtocolCur", 2,
                "ProtocolMax", 5,
                "ProtocolMin", 1,
                "Status", "alive",
                "Tags", Map.of("build", info.version(), "dc", "dc1", "region", "global", "role", "nomad"));
    }

    private ObjectNode members() {
        return Json.object(
                "Members",
                List.of(member()),
                "ServerDC",
                "dc1",
                "ServerName",
                info.nodeName(),
                "ServerRegion",
                "global");
    }

    private Reply health(Call call) {
        Map<String, Object> ok = Map.of("message", "ok", "ok", true);
        ObjectNode body = Json.object("client", ok, "server", ok);
        call.query("type").filter(type -> !type.isEmpty()).ifPresent(body::retain);
        return Reply.json(body);
    }

    private Reply scheduler(Call call) throws InterruptedException {
        JsonNode config = Json.object(
                "CreateIndex",
                1,
                "MemoryOversubscriptionEnabled",
                false,
                "ModifyIndex",
                1,
                "NodeLimitForFeasibilityChecks",
                0,
                "PauseEvalBroker",
                false,
                "PreemptionConfig",
                Map.of(
                        "BatchSchedulerEnabled", false,
                        "ServiceSchedulerEnabled", false,
                        "SysBatchSchedulerEnabled", false,
                        "SystemSchedulerEnabled", false),
                "RejectJobRegistration",
                false,
                "SchedulerAlgorithm",
                "binpack");
        return reads.answer(
                call,
                tables -> Found.of(
                        1,
                        Json.object(
                                "Index",
                                1,
                                "KnownLeader",
                                true,
                                "LastContact",
                                0,
                                "NextToken",
                                "",
                                "SchedulerConfig",
                                config)));
    }

    private Reply gc(Call call) {
        collectGarbage.run();
        return Reply.nothing(200);
    }
}
