// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The parts together: who waits for whom. */
final class Platform {
    private static final long COLLECTION_S = 3_600; // layers may have millions of files

    private final Settings settings;
    private final Home home;
    private final Secrets secrets;
    private final Ledger ledger;

    Platform(Settings settings, Home home) {
        this.settings = settings;
        this.home = home;
        this.secrets = new Secrets(home.secrets());
        this.ledger = new Ledger(home.runFile());
    }

    static Platform here() {
        var settings = Settings.ofProcess();
        return new Platform(settings, Home.of(settings));
    }

    Home home() {
        return home;
    }

    Settings settings() {
        return settings;
    }

    RunState state() {
        return ledger.state();
    }

    /** One ./serai at a time changes an installation; it ends with its process, whatever happens to that. */
    static FileLock lock(Home home, Progress progress) {
        try {
            var channel = FileChannel.open(home.lockFile(), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            var lock = channel.tryLock();
            if (lock == null) {
                progress.line("  another ./serai is at work on " + home.directory() + ": waiting for it");
                lock = channel.lock();
            }
            return lock;
        } catch (IOException e) {
            throw Failure.from(e, "%s: %s", home.lockFile(), e.getMessage());
        }
    }

    static void unlock(FileLock lock) {
        try {
            lock.acquiredBy().close();
        } catch (IOException e) {
            throw Failure.from(e, "the lock is not given back: %s", e.getMessage());
        }
    }

    /** Brings everything up, with as many servers as before; what runs and is current stays as it is. */
    void up(Progress progress) {
        up(progress, state().servers());
    }

    /** @param servers how many there are to be beside each other */
    void up(Progress progress, int servers) {
        var prerequisites = new Prerequisites(settings);
        prerequisites.sandbox(progress);
        refuseAnotherChoice();
        endSurplus(progress, servers);
        ledger.servers(servers);
        if (isUp()) {
            return;
        }
        checkExternal();
        endOutdated(progress);
        try (var claims = new PortClaims()) {
            choosePorts(claims);
            start(progress, prerequisites);
        }
        Login.kept(secrets, server(1).url(), secrets.named("admin-token"));
    }

    private void start(Progress progress, Prerequisites prerequisites) {
        var database = database();
        var agent = agent();
        var client = new ClientEnvironment(home, Python.find(settings));
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            var databaseUp = async(executor, () -> startDatabase(progress));
            var agentUp = async(executor, () -> startAgent(agent, progress));
            // one after the other: the first brings the schema up to date, and a server that is replaced leaves the
            // rest
            var serversUp = async(
                    executor,
                    () -> servers()
                            .forEach(server -> startServer(
                                    server, database, agent, databaseUp, agentUp, client.python(), progress)));
            var clientUp = async(executor, () -> prepare(client, progress));
            var toolsUp = async(executor, () -> prerequisites.mmdebstrap(progress)); // for images: nothing waits for it
            joinAll(List.of(databaseUp, agentUp, serversUp, clientUp, toolsUp));
        }
    }

    /** @param claims whether a port may be chosen, and holds what was chosen until its part listens */
    void choosePorts(PortClaims claims) {
        var held = heldPorts();
        held.values().forEach(claims::keep);
        ledger.ports(Ports.choose(settings, state().servers(), state().ports(), held, claims, Ports::any));
    }

    private void refuseAnotherChoice() {
        refuse(
                PostgresServer.PART,
                new Wish("database", "SERAI_DATABASE_URL", external().map(Database::address)));
        var address = settings.text("NOMAD_ADDR")
                .map(text -> Cluster.external(text, settings).address());
        refuse(NomadAgent.PART, new Wish("Nomad", "NOMAD_ADDR", address));
    }

    private void refuse(String name, Wish wish) {
        boolean serves = state().serverNumbers().stream()
                .anyMatch(number -> state().alive(PayaraServer.part(number)).isPresent());
        state().part(name)
                .filter(part -> serves || state().alive(name).isPresent())
                .flatMap(wish::against)
                .ifPresent(problem -> {
                    throw Failure.because("%s", problem);
                });
    }

    /** What others run is asked before anything is started: nothing is left half-done that way. */
    void checkExternal() {
        external().ifPresent(database -> DatabaseVisit.of(database).check(PayaraServer.newestMigration(home)));
        NomadAgent.checkDriver(settings);
        agent().check();
    }

    private Optional<Database> external() {
        return settings.text("SERAI_DATABASE_URL").map(Database::external);
    }

    /** Whether there is nothing to do. */
    private boolean isUp() {
        var state = state();
        boolean alive = servers().stream().allMatch(server -> isReachable(server.part()))
                && state.parts().values().stream()
                        .allMatch(
                                part -> part.process() == null || part.process().isAlive());
        return alive
                && servers().stream().allMatch(server -> server.readiness().isReady() && !server.isOutdated())
                && !agent().isOutdated()
                && Login.read(secrets) != null;
    }

    private static CompletableFuture<Void> async(Executor executor, Runnable work) {
        return CompletableFuture.runAsync(work, executor);
    }

    /** All have ended before the first failure is told: what was started is then known and written down. */
    private static void joinAll(List<CompletableFuture<Void>> parts) {
        try {
            CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new)).join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof Failure failure) {
                throw failure;
            }
            throw e;
        }
    }

    private void startDatabase(Progress progress) {
        progress.step(PostgresServer.PART, "checking", step -> {
            var external = external();
            if (external.isPresent()) {
                ledger.started(PostgresServer.PART, externalDatabase(external.get(), step));
            } else if (state().alive(PostgresServer.PART).isEmpty()) {
                ledger.started(PostgresServer.PART, postgres().start(step));
            } else {
                step.says("runs already");
            }
            return null;
        });
    }

    private static RunState.Part externalDatabase(Database database, Progress.Step step) {
        var version = DatabaseVisit.of(database).version();
        step.says("PostgreSQL %s at %s".formatted(version, database.address()));
        return new RunState.Part("external", version, database.address(), null);
    }

    private void startAgent(NomadAgent agent, Progress progress) {
        progress.step(NomadAgent.PART, "checking", step -> {
            if (state().alive(NomadAgent.PART).isPresent()) {
                step.says("runs already");
            } else {
                ledger.started(NomadAgent.PART, agent.start(step));
            }
            return null;
        });
    }

    private void startServer(
            PayaraServer server,
            Database database,
            NomadAgent agent,
            CompletableFuture<Void> databaseUp,
            CompletableFuture<Void> agentUp,
            Python python,
            Progress progress) {
        var part = server.part();
        if (server.isOutdated()) {
            end(part, progress, server::stop);
        }
        progress.step(part, "checking", step -> {
            if (state().part(part).isEmpty()) {
                var process = server.launch(environment(server, database, agent, python), step);
                ledger.started(part, RunState.Part.starting("payara", Versions.PAYARA, process));
                server.awaitAdministration(process);
                databaseUp.join();
                step.says("deploying the application");
                server.deploy();
                ledger.started(part, new RunState.Part("payara", Versions.PAYARA, server.url(), process));
            }
            agentUp.join();
            step.says("waiting until the application is ready");
            server.awaitReady(state().part(part).orElseThrow().process());
            step.says("Payara %s on %s, gRPC on %s".formatted(Versions.PAYARA, server.url(), rpcUrl(server.number())));
            return null;
        });
    }

    private void prepare(ClientEnvironment client, Progress progress) {
        progress.step("client", "checking", step -> {
            client.prepare(step);
            return null;
        });
        progress.step("runtime", "preparing the containers' runtime", step -> {
            client.prepareRuntime(step);
            return null;
        });
    }

    /** For a server without the rest: what it says about the nodes is said by settings, as this machine need not be one. */
    Map<String, String> serverEnvironment() {
        var nodes = new Python(
                "python3", settings.text("SERAI_RUNNER_PYTHON_VERSION").orElse(""));
        return environment(server(1), database(), agent(), nodes);
    }

    /** One that was given from outside is kept, for the commands that need it. */
    private String adminToken() {
        return settings.text("SERAI_ADMIN_TOKEN")
                .map(given -> secrets.keep("admin-token", given))
                .orElseGet(() -> secrets.named("admin-token"));
    }

    /** What was given from outside; else a file of ours, one key a line, the newest first. */
    private String masterKeys() {
        return settings.text("SERAI_SECRET_MASTER_KEYS")
                .orElseGet(() -> secrets.key("master-keys").lines().collect(Collectors.joining(",")));
    }

    /** What the server is told. Secrets go by the environment, which only its own user can read, never by the command line. */
    Map<String, String> environment(PayaraServer server, Database database, NomadAgent agent, Python python) {
        int number = server.number();
        var environment = new LinkedHashMap<String, String>();
        environment.put("SERAI_DB_URL", database.url());
        environment.put("SERAI_DB_USER", database.user());
        environment.put("SERAI_DB_PASSWORD", database.password());
        environment.put("SERAI_NOMAD_ADDRESS", agent.cluster().address());
        environment.putAll(agent.cluster().access());
        environment.put("SERAI_RPC_HOST", settings.text("SERAI_RPC_HOST").orElse("127.0.0.1"));
        environment.put("SERAI_RPC_PORT", Integer.toString(ledger.port(Ports.of(Ports.RPC, number))));
        environment.put("SERAI_RPC_SHARED_PORT", Integer.toString(ledger.port(Ports.RPC)));
        environment.put("SERAI_RPC_URL", rpcUrl(number));
        environment.put(
                "SERAI_GATEWAY_HOST", settings.text("SERAI_GATEWAY_HOST").orElse("127.0.0.1"));
        environment.put("SERAI_GATEWAY_PORT", Integer.toString(ledger.port(Ports.of(Ports.WEB, number))));
        environment.put("SERAI_GATEWAY_URL", endpointUrl());
        environment.put(
                "SERAI_GATEWAY_TLS_PORT",
                settings.text(Ports.of("SERAI_GATEWAY_TLS_PORT", number)).orElse("0"));
        settings.text("SERAI_GATEWAY_TLS_DIRECTORY")
                .ifPresent(folder -> environment.put("SERAI_GATEWAY_TLS_DIRECTORY", folder));
        settings.text("SERAI_GATEWAY_ACME_DIRECTORY")
                .ifPresent(folder -> environment.put("SERAI_GATEWAY_ACME_DIRECTORY", folder));
        environment.put(
                "SERAI_GATEWAY_ACCESS_LOG",
                settings.text("SERAI_GATEWAY_ACCESS_LOG")
                        .orElse(home.logs()
                                .resolve(server.part() + "-access.log")
                                .toString()));
        environment.put(
                "SERAI_HTTP_URL",
                settings.text(Ports.of("SERAI_HTTP_URL", number)).orElse(server.url()));
        environment.put("SERAI_DATA_DIRECTORY", home.data().toString());
        environment.put("SERAI_ADMIN_TOKEN", adminToken());
        environment.put("SERAI_SECRET_MASTER_KEYS", masterKeys());
        environment.put(
                "SERAI_RUNNER_PYTHON", settings.text("SERAI_RUNNER_PYTHON").orElse(python.program()));
        environment.put(
                "SERAI_RUNNER_PYTHON_VERSION",
                settings.text("SERAI_RUNNER_PYTHON_VERSION").orElse(python.minor()));
        environment.put(
                "SERAI_RUNNER_CACHE",
                settings.text("SERAI_RUNNER_CACHE").orElse(home.cache().toString()));
        settings.text("SERAI_RUNNER_NODE_PORTS").ifPresent(ports -> environment.put("SERAI_RUNNER_NODE_PORTS", ports));
        environment.putAll(new ImageSettings(settings, python).environment());
        return environment;
    }

    /** In the order in which one needs the other: the servers go first, one after the other, the database last. */
    void down(Progress progress) {
        endSurplus(progress, 0);
        stopAgent(progress);
        end(PostgresServer.PART, progress, process -> postgres().stop(process));
    }

    private void stopAgent(Progress progress) {
        var kind = state().part(NomadAgent.PART).map(RunState.Part::kind).orElse("");
        end(NomadAgent.PART, progress, process -> NomadAgent.stop(kind, process));
    }

    private void end(String part, Progress progress, Consumer<ProcessId> stop) {
        state().alive(part)
                .ifPresent(process -> progress.step(part, "stopping", step -> {
                    stop.accept(process);
                    if (process.isAlive()) {
                        throw Failure.because("%s (pid %d) does not end", part, process.pid());
                    }
                    step.says("stopped");
                    return null;
                }));
        try {
            ledger.stopped(part);
        } catch (Failure e) { // the next command sees that its process is gone
            progress.line(e.getMessage());
        }
    }

    /** The last first. */
    private void endSurplus(Progress progress, int servers) {
        state().serverNumbers().reversed().stream()
                .filter(number -> number > servers)
                .map(this::server)
                .forEach(server -> end(server.part(), progress, server::stop));
    }

    /**
     * What died, a server whose start was cut short, and an agent that was built anew since. Servers that were built anew are
     * replaced one by one when the rest is there.
     */
    private void endOutdated(Progress progress) {
        state().parts().forEach((part, what) -> {
            if (what.process() != null && !what.process().isAlive()) {
                ledger.stopped(part);
            }
        });
        servers().stream()
                .filter(server -> !isReachable(server.part()))
                .forEach(server -> end(server.part(), progress, server::stop));
        if (agent().isOutdated()) {
            stopAgent(progress);
        }
    }

    /** Whether it may be asked for its health: not while it starts. */
    boolean isReachable(String part) {
        return state().part(part).filter(RunState.Part::isReachable).isPresent();
    }

    boolean isRunning() {
        return state().parts().keySet().stream()
                .anyMatch(part -> state().alive(part).isPresent());
    }

    private Map<String, Integer> heldPorts() {
        var held = new LinkedHashMap<String, Integer>();
        hold(held, PostgresServer.PART, Ports.DATABASE);
        hold(held, NomadAgent.PART, Ports.NOMAD);
        for (int number : state().serverNumbers()) {
            hold(held, PayaraServer.part(number), Ports.RPC); // all of them listen there
            for (var name : Ports.OF_A_SERVER) {
                hold(held, PayaraServer.part(number), Ports.of(name, number));
            }
        }
        return held;
    }

    private void hold(Map<String, Integer> held, String part, String port) {
        if (state().alive(part).isPresent() && state().ports().containsKey(port)) {
            held.put(port, state().ports().get(port));
        }
    }

    Map<String, String> login() {
        var login = Login.read(secrets);
        if (login == null || state().ports().isEmpty()) {
            throw Failure.because("the platform has not been started yet: ./serai up");
        }
        var rpc = servers().stream().map(server -> rpcUrl(server.number())).collect(Collectors.joining(","));
        return login.environment(rpc, answering().url(), webUrl(answering().number()));
    }

    /** What tests have to know of it beside the login. */
    Map<String, String> testEnvironment() {
        var environment = new LinkedHashMap<String, String>();
        environment.put("SERAI_ADMIN_TOKEN", secrets.named("admin-token"));
        environment.put("SERAI_NOMAD_ADDRESS", agent().cluster().address());
        environment.put("SERAI_ADMIN_PASSWORD", secrets.named("server-admin-password"));
        environment.put("SERAI_DB_URL", database().url());
        environment.put("SERAI_DB_USER", database().user());
        environment.put("SERAI_DB_PASSWORD", database().password());
        environment.put("SERAI_CLI", home.built("serai").toString());
        return environment;
    }

    /** @return the first server that runs; the first of all if none does */
    private PayaraServer answering() {
        return servers().stream()
                .filter(server -> state().alive(server.part()).isPresent())
                .findFirst()
                .orElseGet(() -> server(1));
    }

    Login createToken(String workspace) {
        mustBeStarted();
        return Login.create(answering().url(), secrets.named("admin-token"), workspace);
    }

    /** @throws Failure if it never was */
    private void mustBeStarted() {
        if (state().ports().isEmpty()) {
            throw Failure.because("the platform has not been started yet: ./serai up");
        }
    }

    /** Forgets layers of images that nobody needs, and removes them from this machine. */
    CollectedImages collectImages(Integer unusedFor, Integer maxSize) {
        mustBeStarted();
        var server = answering().url();
        var token = secrets.named("admin-token");
        int forgotten = CollectedImages.forget(server, token, unusedFor, maxSize);
        var collected = Command.of(
                        Python.find(settings).program(),
                        home.required(ClientEnvironment.RUNNER, "the runner").toString(),
                        "collect",
                        "--json",
                        "--cache",
                        settings.text("SERAI_RUNNER_CACHE").orElse(home.cache().toString()))
                .with(Map.of("SERAI_URL", server, "SERAI_ADMIN_TOKEN", token))
                .run(COLLECTION_S);
        if (!collected.ok()) {
            throw Failure.because(
                    "the layers stay on this machine: %s", collected.output().strip());
        }
        return CollectedImages.of(forgotten, collected.output());
    }

    Database database() {
        return external().orElseGet(() -> postgres().database());
    }

    /** @return what is wrong with the database that is in use, whatever the environment says now; empty if nothing is */
    String databaseTrouble() {
        boolean answers = state().part(PostgresServer.PART)
                .map(part -> new Database("jdbc:postgresql://" + part.address() + "/", "", ""))
                .filter(Database::answers)
                .isPresent();
        return answers ? "" : "does not answer";
    }

    /** The one that is in use, whatever the environment says now. */
    Cluster runningCluster() {
        return state().part(NomadAgent.PART)
                .filter(part -> part.process() == null)
                .map(part -> Cluster.external(part.address(), settings))
                .orElseGet(() -> Cluster.local(port(Ports.NOMAD)));
    }

    private PostgresServer postgres() {
        return new PostgresServer(home, secrets, port(Ports.DATABASE));
    }

    NomadAgent agent() {
        var running = state().part(NomadAgent.PART)
                .filter(part -> state().alive(NomadAgent.PART).isPresent());
        return NomadAgent.choose(settings, home, port(Ports.NOMAD), running.map(RunState.Part::kind));
    }

    /** Those that there are to be. */
    List<PayaraServer> servers() {
        return IntStream.rangeClosed(1, state().servers())
                .mapToObj(this::server)
                .toList();
    }

    PayaraServer server(int number) {
        var host = settings.text("SERAI_HTTP_HOST").orElse("127.0.0.1");
        return new PayaraServer(
                home, secrets, number, host, port(Ports.of(Ports.HTTP, number)), port(Ports.of(Ports.ADMIN, number)));
    }

    /** Of a server's listener for functions that are called by HTTP. */
    String webUrl(int number) {
        var host = settings.text("SERAI_GATEWAY_HOST").filter(given -> !given.equals("0.0.0.0"));
        return "http://" + host.orElse("127.0.0.1") + ":" + port(Ports.of(Ports.WEB, number));
    }

    /** What the address of such a function looks like: at the first server, unless something in front leads to all of them. */
    String endpointUrl() {
        return settings.text("SERAI_GATEWAY_URL").orElse("http://{label}.localhost:" + port(Ports.WEB));
    }

    private String rpcUrl(int number) {
        return settings.text(Ports.of("SERAI_RPC_URL", number))
                .orElse("http://127.0.0.1:" + port(Ports.of(Ports.RPC, number)));
    }

    private int port(String name) {
        return state().ports().getOrDefault(name, 0);
    }
}
