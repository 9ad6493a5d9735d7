// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import serai.cluster.PoolJob.Runner;

/** Serves runners for the tests and hears from them: {@code <event>/<allocation>/<detail>}. */
final class RunnerHost implements AutoCloseable {
    private static final String TALK = """
            import os, signal, sys, urllib.request
            direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            def tell(event, detail):
                direct.open("/".join((os.environ["HOST"], "heard", event, os.environ["NOMAD_ALLOC_ID"], detail)))
            """;

    /** Tells its secret, waits for the polite signal, tells that too. */
    private static final String PATIENT = TALK + """
            def end(number, frame):
                tell("ended", str(number))
                sys.exit(0)
            signal.signal(signal.SIGINT, end)
            with open(os.path.join(os.environ["NOMAD_SECRETS_DIR"], "pool-secret")) as file:
                tell("started", file.read())
            while True:
                signal.pause()
            """;

    /** Takes its time after the polite signal: longer than a removal waits, less than the kill timeout. */
    private static final String SLOW = TALK + """
            import time
            def end(number, frame):
                time.sleep(7)
                tell("ended", str(number))
                sys.exit(0)
            signal.signal(signal.SIGINT, end)
            tell("started", "slow")
            while True:
                signal.pause()
            """;

    private static final String CRASHING = "import sys; sys.exit(3)";

    private final HttpServer server;
    private final Set<String> heard = ConcurrentHashMap.newKeySet();

    RunnerHost() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.createContext("/patient.pyz", exchange -> answer(exchange, PATIENT));
        server.createContext("/slow.pyz", exchange -> answer(exchange, SLOW));
        server.createContext("/crashing.pyz", exchange -> answer(exchange, CRASHING));
        server.createContext("/heard/", this::hear);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.start();
    }

    URI address() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    Runner patient() {
        return new Runner(List.of(address().resolve("/patient.pyz")), sha256(PATIENT), "python3");
    }

    Runner slow() {
        return new Runner(List.of(address().resolve("/slow.pyz")), sha256(SLOW), "python3");
    }

    Runner crashing() {
        return new Runner(List.of(address().resolve("/crashing.pyz")), sha256(CRASHING), "python3");
    }

    Runner forged() {
        return new Runner(List.of(address().resolve("/patient.pyz")), sha256("something else"), "python3");
    }

    boolean hasHeard(String event, Object allocation, String detail) {
        return heard.contains("%s/%s/%s".formatted(event, allocation, detail));
    }

    @Override
    public void close() {
        server.stop(0);
    }

    private void hear(HttpExchange exchange) throws IOException {
        heard.add(exchange.getRequestURI().getPath().substring("/heard/".length()));
        answer(exchange, "");
    }

    private static void answer(HttpExchange exchange, String text) throws IOException {
        try (exchange) {
            var bytes = text.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, bytes.length == 0 ? -1 : bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }

    private static String sha256(String text) {
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            return HexFormat.of().formatHex(digest.digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
