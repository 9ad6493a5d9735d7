// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** Against {@code nomad-local}, as the program that users start. It is there after the module's package phase. */
class NomadLocalContractTest extends ClusterContract {
    private static final Path JAR = Path.of(System.getProperty("nomad-local.jar", "not given"));

    @TempDir
    static Path data;

    private static URI address;
    private static Process agent;

    @BeforeAll
    static void start() throws IOException {
        assumeTrue(Files.exists(JAR), "package nomad-local first: " + JAR);
        int port = freePort();
        address = URI.create("http://127.0.0.1:" + port);
        var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        var log = JAR.resolveSibling("contract.log").toFile();
        agent = new ProcessBuilder(
                        java,
                        "-jar",
                        JAR.toString(),
                        "--bind",
                        "127.0.0.1",
                        "--port",
                        Integer.toString(port),
                        "--data-dir",
                        data.toString())
                .redirectErrorStream(true)
                .redirectOutput(log)
                .start();
        Waiting.until("the agent has a ready node, see " + log, NomadLocalContractTest::isReady);
    }

    @AfterAll
    static void stop() throws InterruptedException {
        if (agent != null) {
            agent.destroy();
            agent.waitFor();
        }
    }

    private static boolean isReady() {
        try (var http = HttpClient.newHttpClient()) {
            var nodes = HttpRequest.newBuilder(address.resolve("/v1/nodes")).build();
            return http.send(nodes, BodyHandlers.ofString()).body().contains("\"ready\"");
        } catch (IOException e) {
            return false; // not listening yet
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    @Override
    URI agent() {
        return address;
    }
}
