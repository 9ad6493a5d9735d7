// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "status",
        mixinStandardHelpOptions = true,
        description = "Each part with version, address, process and health.",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:all parts are healthy", "1:at least one is not"})
final class StatusCommand implements Callable<Integer> {
    @Option(names = "--json", description = "For programs.")
    private boolean json;

    @JsonInclude(JsonInclude.Include.NON_NULL)
    record PartStatus(
            @JsonProperty String part,
            @JsonProperty String kind,
            @JsonProperty String version,
            @JsonProperty String address,
            @JsonProperty Long pid,
            @JsonProperty boolean healthy,
            @JsonProperty String health) {}

    @Override
    public Integer call() {
        var platform = Platform.here();
        var parts = parts(platform);
        boolean healthy = parts.stream().allMatch(PartStatus::healthy);
        if (json) {
            System.out.println(Json.pretty(Map.of(
                    "healthy", healthy, "home", platform.home().directory().toString(), "parts", parts)));
        } else {
            print(parts);
        }
        return healthy ? 0 : 1;
    }

    private static List<PartStatus> parts(Platform platform) {
        var parts = new ArrayList<PartStatus>();
        parts.add(part(platform, PostgresServer.PART, platform::databaseTrouble));
        parts.add(
                part(platform, NomadAgent.PART, () -> platform.runningCluster().trouble()));
        for (var server : platform.servers()) {
            parts.add(part(platform, server.part(), () -> trouble(server.readiness())));
            if (platform.isReachable(server.part())) {
                parts.add(gateway(platform, server));
            }
        }
        var client = new ClientEnvironment(platform.home(), null);
        var venv = platform.home().venv().toString();
        parts.add(new PartStatus(
                "client",
                "venv",
                "modal " + Versions.MODAL,
                venv,
                null,
                client.isPrepared(),
                client.isPrepared() ? "ready" : "not made yet"));
        return parts;
    }

    private static String trouble(Readiness readiness) {
        return readiness.isReady() ? "" : readiness.toString();
    }

    private static PartStatus gateway(Platform platform, PayaraServer server) {
        var url = platform.webUrl(server.number());
        boolean answers = Http.get(url + "/", Duration.ofSeconds(5)).isPresent();
        return new PartStatus("web", "gateway", null, url, null, answers, answers ? "healthy" : "does not answer");
    }

    /** @param ask empty when it is well, else what is wrong */
    private static PartStatus part(Platform platform, String name, java.util.function.Supplier<String> ask) {
        var known = platform.state().part(name);
        if (known.isEmpty()) {
            return new PartStatus(name, null, null, null, null, false, "not started");
        }
        var part = known.get();
        var pid = part.process() == null ? null : part.process().pid();
        if (part.process() != null && !part.process().isAlive()) {
            return new PartStatus(
                    name, part.kind(), part.version(), part.address(), null, false, "its process is gone");
        }
        var wrong = part.isReachable() ? ask.get() : "starting";
        return new PartStatus(
                name,
                part.kind(),
                part.version(),
                part.address(),
                pid,
                wrong.isEmpty(),
                wrong.isEmpty() ? "healthy" : wrong);
    }

    private static void print(List<PartStatus> parts) {
        var format = "%-9s %-12s %-12s %-28s %-8s %s%n";
        System.out.printf(format, "PART", "KIND", "VERSION", "ADDRESS", "PID", "HEALTH");
        for (var part : parts) {
            System.out.printf(
                    format,
                    part.part,
                    text(part.kind),
                    text(part.version),
                    text(part.address),
                    text(part.pid),
                    part.health);
        }
    }

    private static String text(Object value) {
        return value == null ? "-" : value.toString();
    }
}
