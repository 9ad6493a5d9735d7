// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import serai.local.device.Inventory;
import serai.local.doc.Json;

/** What this machine has, as a Nomad node shows it. */
public final class Fingerprint {
    private static final Pattern MHZ = Pattern.compile("(?m)^cpu MHz\\s*:\\s*([0-9.]+)");
    private static final Pattern MODEL = Pattern.compile("(?m)^model name\\s*:\\s*(.+)$");
    private static final Pattern OS = Pattern.compile("(?m)^(ID|VERSION_ID)=\"?([^\"\\n]*)\"?$");
    private static final long MIB = 1024L * 1024;
    /** Where the machine does not tell: enough for the scheduler to count cores. */
    private static final int ASSUMED_MHZ = 1000;

    private final Path data;
    private final String version;
    private final Inventory devices;

    public Fingerprint(Path data, String version, Inventory devices) {
        this.data = data;
        this.version = version;
        this.devices = devices;
    }

    public static String hostname() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "localhost"; // the machine's name has no address, which is common in containers
        }
    }

    public ObjectNode node(String id, String name, String httpAddress, Instant now) throws IOException {
        int cores = Runtime.getRuntime().availableProcessors();
        int mhz = mhz();
        long memoryMb = memoryMb();
        long diskMb = Files.getFileStore(data).getUsableSpace() / MIB;
        NullNode none = NullNode.getInstance();
        Map<String, Object> drivers =
                Map.of(RawExec.NAME, driver(Map.of("driver.raw_exec", "true"), true, true, "Healthy", now));
        return Json.object(
                "ID",
                id,
                "Name",
                name,
                "Attributes",
                attributes(cores, mhz, memoryMb, name, httpAddress),
                "CSIControllerPlugins",
                Map.of(),
                "CSINodePlugins",
                Map.of(),
                "CgroupParent",
                "",
                "ComputedClass",
                "v1:1",
                "Datacenter",
                "dc1",
                "Drain",
                false,
                "DrainStrategy",
                none,
                "Drivers",
                drivers,
                "Events",
                List.of(Json.object(
                        "CreateIndex",
                        0,
                        "Details",
                        none,
                        "Message",
                        "Node registered",
                        "Subsystem",
                        "Cluster",
                        "Timestamp",
                        now.toString())),
                "GCVolumesOnNodeGC",
                false,
                "HTTPAddr",
                httpAddress,
                "HostNetworks",
                none,
                "HostVolumes",
                Map.of(),
                "LastAllocUpdateIndex",
                0,
                "LastDrain",
                none,
                "LastMissedHeartbeatIndex",
                0,
                "Links",
                Map.of(),
                "Meta",
                Map.of(),
                "NodeClass",
                "",
                "NodeMaxAllocs",
                0,
                "NodePool",
                "default",
                "NodeResources",
                resources(cores, mhz, memoryMb, diskMb),
                "ReservedResources",
                Json.object(
                        "Cpu", Json.object("CpuShares", 0, "ReservedCpuCores", none),
                        "Disk", Json.object("DiskMB", 0),
                        "Memory", Json.object("MemoryMB", 0),
                        "Networks", Json.object("ReservedHostPorts", "")),
                "SchedulingEligibility",
                "eligible",
                "SecretID",
                "",
                "Status",
                "ready",
                "StatusDescription",
                "",
                "StatusUpdatedAt",
                now.getEpochSecond(),
                "TLSEnabled",
                false);
    }

    static ObjectNode driver(
            Map<String, String> attributes, boolean detected, boolean healthy, String description, Instant now) {
        return Json.object(
                "Attributes",
                attributes,
                "Detected",
                detected,
                "HealthDescription",
                description,
                "Healthy",
                healthy,
                "UpdateTime",
                now.toString());
    }

    private ObjectNode resources(int cores, int mhz, long memoryMb, long diskMb) {
        NullNode none = NullNode.getInstance();
        return Json.object(
                "Cpu",
                        Json.object(
                                "CpuShares",
                                (long) cores * mhz,
                                "ReservableCpuCores",
                                IntStream.range(0, cores).boxed().toList(),
                                "TotalCpuCores",
                                cores),
                "Devices", devices.doc().<JsonNode>map(d -> d).orElse(none),
                "Disk", Json.object("DiskMB", diskMb),
                "MaxDynamicPort", 32000,
                "Memory", Json.object("MemoryMB", memoryMb),
                "MinDynamicPort", 20000,
                "Networks",
                        List.of(Json.object(
                                "CIDR",
                                "127.0.0.1/32",
                                "Device",
                                "lo",
                                "IP",
                                "127.0.0.1",
                                "MBits",
                                1000,
                                "Mode",
                                "host")),
                "NodeNetworks",
                        List.of(Json.object(
                                "Addresses",
                                        List.of(Json.object(
                                                "Address", "127.0.0.1",
                                                "Alias", "default",
                                                "Family", "ipv4",
                                                "Gateway", "",
                                                "ReservedPorts", "")),
                                "Device", "lo",
                                "MacAddress", "",
                                "Mode", "host",
                                "Speed", 1000)));
    }

    private Map<String, String> attributes(int cores, int mhz, long memoryMb, String name, String httpAddress)
            throws IOException {
        Map<String, String> all = new TreeMap<>();
        all.put("cpu.arch", arch());
        all.put("cpu.frequency", Integer.toString(mhz));
        all.put("cpu.modelname", first(MODEL, "/proc/cpuinfo", "unknown"));
        all.put("cpu.numcores", Integer.toString(cores));
        all.put("cpu.reservablecores", Integer.toString(cores));
        all.put("cpu.totalcompute", Integer.toString(cores * mhz));
        all.put("cpu.usablecompute", Integer.toString(cores * mhz));
        all.put("driver.raw_exec", "1");
        all.put(
                "kernel.arch",
                System.getProperty("os.arch").equals("amd64") ? "x86_64" : System.getProperty("os.arch"));
        all.put("kernel.name", System.getProperty("os.name").toLowerCase(java.util.Locale.ROOT));
        all.put("kernel.version", System.getProperty("os.version"));
        all.put("memory.totalbytes", Long.toString(memoryMb * MIB));
        all.put("nomad.service_discovery", "false");
        all.put("nomad.version", version);
        all.put("os.signals", Signals.names());
        all.put("unique.advertise.address", httpAddress);
        all.put("unique.hostname", name);
        all.put("unique.network.ip-address", "127.0.0.1");
        all.put(
                "unique.storage.bytestotal",
                Long.toString(Files.getFileStore(data).getTotalSpace()));
        os(all);
        return all;
    }

    private static String arch() {
        return switch (System.getProperty("os.arch")) {
            case "aarch64" -> "arm64";
            default -> System.getProperty("os.arch");
        };
    }

    private static void os(Map<String, String> all) throws IOException {
        Path release = Path.of("/etc/os-release");
        if (Files.isReadable(release)) {
            Matcher matcher = OS.matcher(Files.readString(release));
            while (matcher.find()) {
                all.put(matcher.group(1).equals("ID") ? "os.name" : "os.version", matcher.group(2));
            }
        }
    }

    /** Of one core. */
    public static int mhz() throws IOException {
        Path max = Path.of("/sys/devices/system/cpu/cpu0/cpufreq/base_frequency");
        if (Files.isReadable(max)) {
            return Integer.parseInt(Files.readString(max).strip()) / 1000;
        }
        return (int) Double.parseDouble(first(MHZ, "/proc/cpuinfo", Integer.toString(ASSUMED_MHZ)));
    }

    private static String first(Pattern pattern, String file, String otherwise) throws IOException {
        Path path = Path.of(file);
        if (!Files.isReadable(path)) {
            return otherwise;
        }
        Matcher matcher = pattern.matcher(Files.readString(path));
        return matcher.find() ? matcher.group(1) : otherwise;
    }

    /** What the machine or, where there is one, the container of the agent has. */
    private static long memoryMb() {
        var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return system.getTotalMemorySize() / MIB;
    }
}
