// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.http;

import io.helidon.common.uri.UriQuery;
import io.helidon.http.HeaderNames;
import io.helidon.http.Status;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import serai.local.client.Client;
import serai.local.control.Allocations;
import serai.local.control.Deployments;
import serai.local.control.Jobs;
import serai.local.control.Nodes;
import serai.local.control.RefusedException;
import serai.local.doc.MistypedException;
import serai.local.state.Store;
import serai.local.state.UnwritableException;

/** The listener. */
public final class Server implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Server.class.getName());
    /** Far more than any job of ours; Nomad itself has no limit. */
    private static final long MOST_BYTES = 16L * 1024 * 1024;

    private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");

    private final Routes routes = new Routes();
    private final boolean onLoopback;
    private final WebServer server;

    /** What the handlers call. */
    public record Parts(
            Store store,
            Jobs jobs,
            Allocations allocations,
            Nodes nodes,
            Deployments deployments,
            Client client,
            Runnable collectGarbage) {}

    /** The agent's own description. */
    public record Identity(String version, String nodeId, String nodeName, String dataDirectory, int mhz) {}

    /** @throws IOException if the program lacks a file of its page */
    public Server(String bind, int port, Parts parts, Identity identity) throws IOException {
        onLoopback = LOOPBACK.contains(bind) || bind.equals("::1");
        Reads reads = new Reads(parts.store());
        new JobRoutes(parts.jobs(), reads).addTo(routes);
        new AllocationRoutes(parts.allocations(), parts.client(), reads, identity.mhz()).addTo(routes);
        new EvaluationRoutes(parts.deployments(), reads).addTo(routes);
        new VariableRoutes(parts.store(), reads).addTo(routes);
        new NodeRoutes(parts.store(), parts.nodes(), reads).addTo(routes);
        new EventRoutes(parts.store().events()).addTo(routes);
        new FileRoutes(parts.allocations(), parts.client()).addTo(routes);
        AgentRoutes.AgentInfo info = new AgentRoutes.AgentInfo(
                identity.version(),
                identity.nodeId(),
                identity.nodeName(),
                bind + ":" + port,
                identity.dataDirectory());
        new AgentRoutes(info, parts.store(), reads, parts.collectGarbage()).addTo(routes);
        new LocalRoutes(info, reads).addTo(routes);
        server = WebServer.builder()
                .host(bind)
                .port(port)
                .shutdownHook(false) // the agent stops it, after the tasks
                .shutdownGracePeriod(Duration.ofMillis(200))
                .maxPayloadSize(MOST_BYTES)
                .routing(routing -> routing.any(this::handle))
                .build();
    }

    public void start() {
        server.start();
    }

    public int port() {
        return server.port();
    }

    @Override
    public void close() {
        server.stop();
    }

    private void handle(ServerRequest request, ServerResponse response) throws IOException {
        switch (reply(request)) {
            case Reply.Whole whole -> send(whole, response);
            case Reply.Flow flow -> stream(flow, response);
        }
    }

    private Reply reply(ServerRequest request) {
        try {
            refuseBrowsers(request);
            String method = request.prologue().method().text();
            String path = decode(request.prologue().uriPath().rawPath());
            byte[] body = request.content().hasEntity() ? request.content().as(byte[].class) : new byte[0];
            return routes.answer(method, path, query(request.query()), body);
        } catch (RefusedException e) {
            return Reply.text(e.status(), e.getMessage());
        } catch (UnwritableException e) {
            LOG.log(Level.WARNING, e.getMessage());
            return Reply.text(500, e.getMessage());
        } catch (MistypedException e) {
            return Reply.text(400, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Reply.text(500, "the agent is stopping");
        } catch (Exception e) {
            LOG.log(Level.ERROR, "call failed", e);
            return Reply.text(500, "internal error: " + e);
        }
    }

    /**
     * Whoever may call can run programs. A page in a browser on this machine must not be such a caller, neither directly nor by
     * way of a name that resolves to a loopback address.
     */
    private void refuseBrowsers(ServerRequest request) {
        if (request.headers().contains(HeaderNames.ORIGIN)) {
            throw new RefusedException(403, "nomad-local does not answer browsers");
        }
        String host = request.authority().replaceFirst(":[0-9]+$", "");
        if (onLoopback && !LOOPBACK.contains(host)) {
            throw new RefusedException(403, "nomad-local is not known as " + host);
        }
    }

    private static String decode(String rawPath) {
        return URLDecoder.decode(rawPath.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    private static Map<String, List<String>> query(UriQuery query) {
        Map<String, List<String>> all = new LinkedHashMap<>();
        query.names().forEach(name -> all.put(name, query.all(name)));
        return all;
    }

    private static void send(Reply.Whole whole, ServerResponse response) {
        response.status(Status.create(whole.status()));
        if (whole.contentType() != null) {
            response.header("Content-Type", whole.contentType());
        }
        response.header("Vary", "Accept-Encoding");
        whole.headers().forEach(response::header);
        if (whole.status() == 204) {
            response.send();
        } else {
            response.send(whole.body());
        }
    }

    private static void stream(Reply.Flow flow, ServerResponse response) throws IOException {
        response.header("Content-Type", flow.contentType());
        response.header("Vary", "Accept-Encoding");
        try (OutputStream out = response.outputStream()) {
            flow.source().writeTo(out);
        } catch (UncheckedIOException e) {
            LOG.log(Level.DEBUG, "the caller left", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the agent is stopping
        }
    }
}
