// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.random.RandomGenerator;
import serai.local.client.Client;
import serai.local.client.Fingerprint;
import serai.local.client.Podman;
import serai.local.client.Tools;
import serai.local.control.Alarm;
import serai.local.control.Allocations;
import serai.local.control.Deployments;
import serai.local.control.Evaluator;
import serai.local.control.Garbage;
import serai.local.control.Instances;
import serai.local.control.Jobs;
import serai.local.control.Nodes;
import serai.local.device.Inventory;
import serai.local.doc.Json;
import serai.local.http.Server;
import serai.local.plan.Node;
import serai.local.state.Alloc;
import serai.local.state.Store;
import serai.local.state.Table;

/** All parts of a running agent, put together. */
public final class Agent implements AutoCloseable {
    /** What was decided about the node, and not measured. */
    private static final List<String> KEPT =
            List.of("CreateIndex", "SchedulingEligibility", "Drain", "DrainStrategy", "LastDrain");

    private final FileChannel lockFile;
    private final Store store;
    private final Alarm alarm;
    private final Client client;
    private final Server server;
    private final DeviceWatch watch;
    private final PodmanLook look;

    /**
     * @param port 0 for any free one
     * @param devices stand-ins, as {@link Inventory#VARIABLE} declares them
     * @param podman whether containers are offered, as {@link Podman#VARIABLE} says it
     */
    public record Settings(
            String bind,
            int port,
            Path dataDirectory,
            String nodeName,
            String version,
            Optional<String> devices,
            Optional<String> podman) {
        /** For processes only. */
        public Settings(
                String bind, int port, Path dataDirectory, String nodeName, String version, Optional<String> devices) {
            this(bind, port, dataDirectory, nodeName, version, devices, Optional.of("off"));
        }

        /** With the machine's own devices, for processes only. */
        public Settings(String bind, int port, Path dataDirectory, String nodeName, String version) {
            this(bind, port, dataDirectory, nodeName, version, Optional.empty());
        }

        private Settings at(int actualPort) {
            return new Settings(bind, actualPort, dataDirectory, nodeName, version, devices, podman);
        }
    }

    private Agent(
            FileChannel lockFile,
            Store store,
            Alarm alarm,
            Client client,
            Server server,
            DeviceWatch watch,
            PodmanLook look) {
        this.lockFile = lockFile;
        this.store = store;
        this.alarm = alarm;
        this.client = client;
        this.server = server;
        this.watch = watch;
        this.look = look;
    }

    /** @throws IOException if the data directory cannot be used, or another agent uses it */
    public static Agent start(Settings asked) throws IOException {
        Settings settings = asked.at(usablePort(asked.bind(), asked.port()));
        Path data = settings.dataDirectory().toAbsolutePath().normalize();
        Files.createDirectories(data);
        Files.setPosixFilePermissions(data, PosixFilePermissions.fromString("rwxr-xr-x"));
        Inventory devices = new Inventory(settings.devices(), data.resolve("devices"));
        Podman podman = new Podman(settings.podman(), data, Map.copyOf(System.getenv()));
        FileChannel lockFile = lock(data);
        InstantSource clock = InstantSource.system();
        Path state = data.resolve("state");
        if (!Files.exists(state)) { // it holds the variables: for the owner alone
            Files.createDirectory(
                    state, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
        Store store = new Store(state, clock);
        devices.open();
        Node node = register(store, settings, devices, data, clock);
        Alarm alarm = new Alarm();
        Deployments deployments = new Deployments(store, alarm);
        Late instances = new Late();
        Garbage garbage = new Garbage(store, instances);
        Evaluator evaluator = new Evaluator(
                store, instances, alarm, deployments, garbage, clock, RandomGenerator.of("L64X128MixRandom"));
        Allocations allocations = new Allocations(store, evaluator);
        Client client = new Client(
                data,
                store,
                Tools.find(data),
                podman,
                node,
                devices.root(),
                clock,
                alarm,
                (id, report) -> {
                    allocations.report(id, report);
                    garbage.trim();
                },
                allocations::destroyed);
        instances.client = client;
        Jobs jobs = new Jobs(store, evaluator, instances);
        Nodes nodes = new Nodes(store, evaluator, alarm, clock);
        client.resume(allocations.unended(), allocations.undestroyed());
        evaluator.resume();
        deployments.resume();
        nodes.resume();
        garbage.sweep(alarm);
        Server server = new Server(
                settings.bind(),
                settings.port(),
                new Server.Parts(store, jobs, allocations, nodes, deployments, client, garbage::collect),
                new Server.Identity(settings.version(), node.id(), node.name(), data.toString(), Fingerprint.mhz()));
        server.start();
        DeviceWatch watch = DeviceWatch.over(devices, store, evaluator);
        PodmanLook look = PodmanLook.begin(podman, store, evaluator, alarm, clock);
        return new Agent(lockFile, store, alarm, client, server, watch, look);
    }

    /** A port that is taken is noticed before any task is touched. */
    private static int usablePort(String bind, int port) throws IOException {
        try (ServerSocket probe = new ServerSocket()) {
            probe.setReuseAddress(true);
            probe.bind(new InetSocketAddress(bind, port));
            return probe.getLocalPort();
        } catch (BindException e) {
            throw new IOException("cannot listen on " + bind + ":" + port + ": " + e.getMessage(), e);
        }
    }

    private static FileChannel lock(Path data) throws IOException {
        FileChannel channel =
                FileChannel.open(data.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.tryLock();
        if (lock == null) {
            channel.close();
            throw new IOException("another agent uses the data directory " + data);
        }
        return channel;
    }

    /** The node keeps its ID as long as the data directory lives; what it has is measured at each start. */
    private static Node register(Store store, Settings settings, Inventory devices, Path data, InstantSource clock)
            throws IOException {
        Optional<ObjectNode> before =
                store.read(tables -> tables.all(Table.NODES).findFirst());
        String id = before.map(node -> Json.text(node, "ID"))
                .orElseGet(() -> UUID.randomUUID().toString());
        ObjectNode measured = new Fingerprint(data, settings.version(), devices)
                .node(id, settings.nodeName(), settings.bind() + ":" + settings.port(), clock.instant());
        before.ifPresent(node -> KEPT.forEach(field -> measured.set(field, node.get(field))));
        store.commit("NodeRegistration", commit -> {
            if (commit.get(Table.NAMESPACES, "default").isEmpty()) {
                commit.put(Table.NAMESPACES, "default", Namespaces.first(commit.index()));
            }
            commit.putNode(measured);
            return null;
        });
        return new Node(measured);
    }

    public int port() {
        return server.port();
    }

    /** Stops the tasks politely, then the agent. */
    @Override
    public void close() throws IOException {
        watch.close();
        look.close();
        try {
            client.stopAll();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        server.close();
        alarm.close();
        store.close();
        lockFile.close();
    }

    /** The evaluator needs the client, whose reports need the evaluator. */
    private static final class Late implements Instances {
        private volatile Client client;

        @Override
        public void start(Alloc alloc) {
            client.start(alloc);
        }

        @Override
        public void stop(Alloc alloc) {
            client.stop(alloc);
        }

        @Override
        public void destroy(String allocId) {
            client.destroy(allocId);
        }
    }
}
