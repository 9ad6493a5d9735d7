// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        description = "What this machine lacks, and what to type to mend it.",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:Serai can run here", "1:something that it needs is missing"})
final class DoctorCommand implements Callable<Integer> {
    private static final long MINIMUM_DISK_MB = 3_000; // server, database, client and a first runtime
    private static final long MINIMUM_MEMORY_MB = 2_000;

    private static final String NETWORK = "network";

    enum Verdict {
        OK,
        LIMITED,
        MISSING
    }

    /** @param remedy what to type; null if there is nothing to do */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Finding(
            @JsonProperty String check,
            @JsonProperty Verdict verdict,
            @JsonProperty String detail,
            @JsonProperty String remedy) {}

    @Option(names = "--json", description = "For programs.")
    private boolean json;

    private final Settings settings = Settings.ofProcess();
    private final Home home = Home.of(settings);

    @Override
    public Integer call() {
        var findings = new ArrayList<>(List.of(
                java(),
                python(),
                bubblewrap(),
                network(),
                namespaces(),
                cgroups(),
                ports(),
                disk(),
                memory(),
                agent()));
        node().ifPresent(found -> {
            findings.replaceAll(looked -> looked.check.equals(NETWORK) ? NodeFindings.network(looked, found) : looked);
            findings.add(NodeFindings.images(found, settings));
        });
        if (!Privilege.isRoot()) {
            findings.add(withoutRoot());
        }
        boolean missing = findings.stream().anyMatch(finding -> finding.verdict == Verdict.MISSING);
        if (json) {
            System.out.println(Json.pretty(Map.of("ok", !missing, "findings", findings)));
        } else {
            findings.forEach(DoctorCommand::print);
        }
        return missing ? 1 : 0;
    }

    private static void print(Finding finding) {
        System.out.printf(
                "%-8s %-16s %s%n",
                finding.verdict.name().toLowerCase(java.util.Locale.ROOT), finding.check, finding.detail);
        if (finding.remedy != null) {
            System.out.printf("%-8s %-16s → %s%n", "", "", finding.remedy);
        }
    }

    private static Finding java() {
        return ok("JDK", Runtime.version() + " at " + Java.home());
    }

    private Finding python() {
        var python = Python.search(settings);
        var remedy = SystemPackages.find(settings).map(SystemPackages::python).orElse("install Python 3.10 with venv");
        if (python.isEmpty()) {
            return new Finding(
                    "Python", Verdict.MISSING, "no Python 3.10 or newer on the PATH", remedy + ", or set SERAI_PYTHON");
        }
        var program = python.get().program();
        if (!serai.launcher.Command.of(program, "-c", "import venv, ensurepip")
                .run(20)
                .ok()) {
            return new Finding("Python", Verdict.MISSING, program + " has no venv or no ensurepip", remedy);
        }
        return ok("Python", python.get().version() + " at " + program + ", with venv");
    }

    private Finding bubblewrap() {
        var prerequisites = new Prerequisites(settings);
        if (!prerequisites.hasBubblewrap()) {
            return new Finding(
                    "bubblewrap", Verdict.MISSING, "containers are isolated by it", prerequisites.sandboxRemedy());
        }
        var sandbox = serai.launcher.Command.of(
                        "bwrap", "--ro-bind", "/", "/", "--unshare-pid", "--unshare-ipc", "--proc", "/proc", "true")
                .run(20);
        if (!sandbox.ok()) {
            return new Finding(
                    "bubblewrap",
                    Verdict.MISSING,
                    "is there, but starts no sandbox: "
                            + Tail.of(sandbox.output(), 1).strip(),
                    namespaceRemedy());
        }
        var version =
                serai.launcher.Command.of("bwrap", "--version").run(5).output().strip();
        return ok("bubblewrap", version + " starts a sandbox");
    }

    private Finding network() {
        var prerequisites = new Prerequisites(settings);
        if (prerequisites.sharesNetwork()) {
            return new Finding(
                    NETWORK,
                    Verdict.LIMITED,
                    "containers share this machine's, as SERAI_RUNNER_SHARES_NETWORK says, and reach all that listens here",
                    null);
        }
        if (!prerequisites.hasPasta()) {
            return new Finding(
                    NETWORK,
                    Verdict.MISSING,
                    "pasta gives each container one of its own",
                    prerequisites.sandboxRemedy());
        }
        var tun = Path.of("/dev/net/tun");
        if (!Files.isWritable(tun)) {
            return new Finding(
                    NETWORK,
                    Verdict.MISSING,
                    "/dev/net/tun cannot be opened, by which a container's network is connected",
                    (Files.exists(tun) ? "sudo chmod 0666 /dev/net/tun" : "sudo modprobe tun")
                            + "; inside a container: start it with --device /dev/net/tun");
        }
        var ports = settings.text("SERAI_RUNNER_NODE_PORTS")
                .map(text -> ", with port " + text + " of this machine's loopback")
                .orElse("");
        return ok(NETWORK, "pasta gives each container one of its own" + ports);
    }

    private static Finding namespaces() {
        if (Privilege.namespaces()) {
            return ok("user namespaces", "allowed");
        }
        return Privilege.isRoot()
                ? new Finding(
                        "user namespaces", Verdict.LIMITED, "forbidden: the database runs as nobody", namespaceRemedy())
                : new Finding(
                        "user namespaces",
                        Verdict.MISSING,
                        "forbidden: without root no sandbox starts",
                        namespaceRemedy());
    }

    /** The switches differ by distribution; the one that is off here is named. */
    private static String namespaceRemedy() {
        var apparmor = Path.of("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
        if (Files.exists(apparmor) && "1".equals(read(apparmor))) {
            return "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";
        }
        var debian = Path.of("/proc/sys/kernel/unprivileged_userns_clone");
        if (Files.exists(debian) && "0".equals(read(debian))) {
            return "sudo sysctl -w kernel.unprivileged_userns_clone=1";
        }
        if ("0".equals(read(Path.of("/proc/sys/user/max_user_namespaces")))) {
            return "sudo sysctl -w user.max_user_namespaces=15000";
        }
        return "inside a container: start it with --privileged, or with --security-opt seccomp=unconfined";
    }

    private static String read(Path file) {
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            return "";
        }
    }

    private static Finding cgroups() {
        var unified = Path.of("/sys/fs/cgroup/cgroup.controllers");
        boolean two = Files.exists(unified);
        var kind = two ? "v2" : "v1";
        var memory = two ? ownGroup() : Path.of("/sys/fs/cgroup/memory");
        return Files.isWritable(memory)
                ? ok("cgroups", kind + ", writable: memory limits are the kernel's")
                : new Finding(
                        "cgroups",
                        Verdict.LIMITED,
                        kind + ", not writable: a container's memory limit is not enforced",
                        two ? "run as root, or as a systemd service with Delegate=yes" : "run as root");
    }

    /** Of version 2: systemd gives an ordinary user the group of a service with {@code Delegate=yes}. */
    private static Path ownGroup() {
        return read(Path.of("/proc/self/cgroup"))
                .lines()
                .filter(line -> line.startsWith("0::"))
                .map(line -> Path.of("/sys/fs/cgroup", line.substring(3)))
                .findFirst()
                .orElse(Path.of("/sys/fs/cgroup"));
    }

    private Finding ports() {
        var state = RunState.read(home.runFile());
        if (!state.ports().isEmpty()) {
            return ok("ports", new java.util.TreeMap<>(state.ports()).toString());
        }
        var taken = Ports.usual().entrySet().stream()
                .filter(entry -> !Ports.isFree(entry.getValue()))
                .map(entry -> entry.getKey() + " " + entry.getValue())
                .collect(Collectors.joining(", "));
        return ok("ports", taken.isEmpty() ? "all usual ones are free" : "taken, so another is chosen: " + taken);
    }

    private Finding disk() {
        var there = home.directory();
        while (!Files.exists(there)) {
            there = there.getParent();
        }
        long free = there.toFile().getUsableSpace() / (1 << 20);
        return free >= MINIMUM_DISK_MB
                ? ok("disk", free / 1024 + " GiB free at " + home.directory())
                : new Finding(
                        "disk",
                        Verdict.LIMITED,
                        free + " MiB free at " + home.directory(),
                        "set SERAI_HOME to a larger disk");
    }

    private static Finding memory() {
        long memory = Machine.memoryMegabytes();
        return memory >= MINIMUM_MEMORY_MB
                ? ok("memory", memory + " MiB, of which the server's heap may take " + Machine.serverHeapMegabytes())
                : new Finding("memory", Verdict.LIMITED, memory + " MiB: server and database alone take 1.5 GiB", null);
    }

    private Finding agent() {
        return switch (NomadAgent.choose(settings, home, 0, Optional.empty())) {
            case NomadAgent.External external ->
                ok("agent", "the cluster at " + external.cluster().address());
            case NomadAgent.Program program -> ok("agent", program.program() + " is started as a single node");
            case NomadAgent.Embedded embedded -> ok("agent", embedded.kind() + ", built in");
        };
    }

    /** What the runner says of this machine, which tries things that we only look for; empty where it was not built or says nothing. */
    private Optional<JsonNode> node() {
        var runner = home.built(ClientEnvironment.RUNNER);
        var python = Python.search(settings);
        if (python.isEmpty() || !Files.exists(runner)) {
            return Optional.empty();
        }
        var cache = settings.text("SERAI_RUNNER_CACHE").orElse(home.cache().toString());
        var said = serai.launcher.Command.of(python.get().program(), runner.toString(), "doctor", "--json")
                .with("SERAI_CACHE", cache)
                .run(60)
                .output();
        return said.startsWith("{") ? Optional.of(Json.parse(said)) : Optional.empty();
    }

    private static Finding withoutRoot() {
        return new Finding(
                "root",
                Verdict.LIMITED,
                "not root: memory and CPU limits of containers are not enforced by the kernel, all containers run under your own uid",
                null);
    }

    private static Finding ok(String check, String detail) {
        return new Finding(check, Verdict.OK, detail, null);
    }
}
