// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Map;
import java.util.function.Function;
import serai.local.doc.Json;
import serai.local.http.AgentRoutes.AgentInfo;
import serai.local.http.Reads.Found;
import serai.local.state.Tables;

/** What Nomad does not have: a page about this agent at {@code /}, and what it shows as JSON below {@code /local/v1/}. */
final class LocalRoutes {
    /** The page is these three files; nothing comes from elsewhere, and nobody may put it into a frame. */
    private static final String POLICY =
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:;"
                    + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private final AgentInfo info;
    private final Reads reads;
    private final long started = System.nanoTime();

    LocalRoutes(AgentInfo info, Reads reads) {
        this.info = info;
        this.reads = reads;
    }

    void addTo(Routes routes) throws IOException {
        Reply page = file("page.html", "text/html; charset=utf-8");
        Reply script = file("page.js", "text/javascript; charset=utf-8");
        Reply style = file("page.css", "text/css; charset=utf-8");
        routes.read("/", call -> page)
                .read("/local/page.js", call -> script)
                .read("/local/page.css", call -> style)
                .read("/local/v1/state", call -> answer(call, this::state))
                .read("/local/v1/nodes", call -> answer(call, Overview::nodes))
                .read("/local/v1/devices", call -> answer(call, Overview::devices))
                .read("/local/v1/jobs", call -> answer(call, Overview::jobs))
                .read("/local/v1/allocations", call -> answer(call, Overview::allocations))
                .read("/local/v1/evaluations", call -> answer(call, Overview::evaluations));
    }

    private static Reply file(String name, String type) throws IOException {
        try (InputStream in = LocalRoutes.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException("the jar has no " + name);
            }
            return new Reply.Whole(
                    200,
                    type,
                    in.readAllBytes(),
                    Map.of(
                            "Content-Security-Policy", POLICY,
                            "X-Content-Type-Options", "nosniff",
                            "Cache-Control", "no-cache"));
        }
    }

    /** Waits like every read: with {@code index} and {@code wait} until anything at all has changed. */
    private Reply answer(Call call, Function<Tables, JsonNode> view) throws InterruptedException {
        return reads.answer(call, tables -> Found.of(Math.max(1, tables.index()), view.apply(tables)));
    }

    private ObjectNode state(Tables tables) {
        return Json.object(
                "agent",
                        Map.of(
                                "name", info.nodeName(),
                                "version", info.version(),
                                "address", info.address(),
                                "dataDirectory", info.dataDirectory(),
                                "index", tables.index(),
                                "upSeconds",
                                        Duration.ofNanos(System.nanoTime() - started)
                                                .toSeconds()),
                "nodes", Overview.nodes(tables),
                "devices", Overview.devices(tables),
                "jobs", Overview.jobs(tables),
                "allocations", Overview.allocations(tables),
                "evaluations", Overview.evaluations(tables));
    }
}
