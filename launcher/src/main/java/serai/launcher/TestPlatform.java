// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A platform for the tests alone: a home in a temporary folder, ports that nobody else has, gone afterwards. */
final class TestPlatform implements AutoCloseable {
    /** What would lead to the person's own database or platform. */
    private static final List<String> NOT_INHERITED = List.of(
            "SERAI_DATABASE_URL",
            "SERAI_HTTP_URL",
            "SERAI_HTTP_HOST",
            "SERAI_RPC_URL",
            "SERAI_GATEWAY_URL",
            "SERAI_GATEWAY_HOST",
            "SERAI_RPC_HOST",
            "SERAI_RUNNER_CACHE");

    /** What the tests of GPUs count on; pretended, wherever they run. */
    private static final String DEVICES =
            "2*nvidia/gpu/NVIDIA H100 80GB HBM3[memory=81559 MiB,driver_version=550.90.07];"
                    + "1*nvidia/gpu/NVIDIA A100-SXM4-40GB[memory=40960 MiB,driver_version=550.90.07]";

    private final Home home;
    private final Settings settings;
    private final Map<String, String> changed = new TreeMap<>();
    private final Path logs;
    private boolean closed;

    TestPlatform(Path checkout, Path logs) throws IOException {
        this.home = new Home(Files.createTempDirectory("serai-test-"), checkout);
        this.logs = logs;
        changed.put("SERAI_HOME", home.directory().toString());
        Ports.usual().keySet().forEach(name -> changed.put(name, Integer.toString(Ports.any())));
        changed.put("SERAI_GATEWAY_TLS_PORT", Integer.toString(Ports.any()));
        changed.put(
                "SERAI_GATEWAY_TLS_DIRECTORY", home.directory().resolve("tls").toString());
        changed.put(
                "SERAI_GATEWAY_ACME_DIRECTORY", home.directory().resolve("acme").toString());
        changed.put(NomadAgent.Embedded.DEVICES, DEVICES);
        changed.put(
                "SERAI_RUNNER_NODE_PORTS", Integer.toString(Ports.any())); // a database's, which a test starts there
        var environment = new TreeMap<>(System.getenv());
        environment.keySet().removeAll(NOT_INHERITED);
        environment.putAll(changed);
        this.settings = new Settings(environment);
    }

    /** @return what the tests have to know of it; SERAI_HOME and the ports among it, so that they may call ./serai themselves */
    Map<String, String> up() {
        home.create();
        try (var progress = Progress.onTerminal()) {
            platform().up(progress);
        }
        var platform = platform();
        var environment = new TreeMap<>(changed);
        NOT_INHERITED.forEach(name -> environment.put(name, ""));
        environment.putAll(platform.login());
        environment.put("MODAL_CONFIG_PATH", home.clientConfig().toString());
        environment.putAll(platform.testEnvironment());
        return environment;
    }

    private Platform platform() {
        return new Platform(settings, home); // read anew: a test may have restarted it
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        try (var progress = Progress.onTerminal()) {
            platform().down(progress);
            Trees.delete(logs);
            if (Files.isDirectory(home.logs())) {
                Trees.copy(home.logs(), logs);
            }
            Trees.delete(home.directory());
        } catch (IOException e) {
            throw Failure.from(e, "%s is not removed: %s", home.directory(), e.getMessage());
        }
    }
}
