// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.io.IOException;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.regex.Pattern;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;

/**
 * The application server with the EAR. Its domain holds nothing that is worth keeping, so each start begins with a new one and
 * deploys: as fast as loading what was deployed before, but it tells when it is over and what went wrong. The HTTP listener opens
 * after that: a request that comes while the server loads the application, for its health too, makes its beans before what
 * they need is there. Runners that outlived a server ask all the time; a refused connection is what they wait out.
 */
final class PayaraServer {
    /** The first one's. */
    static final String PART = "server";

    private static final String EAR = "ear/target/serai.ear";
    private static final String APPLICATION = "serai";
    private static final Pattern MIGRATION = Pattern.compile("db/migration/V(\\d+)__.*\\.sql");
    private static final int LAYOUT = 2; // raise it when what is written into a domain changes

    private final Home home;
    private final Secrets secrets;
    private final int number;
    private final String httpHost;
    private final int httpPort;
    private final int adminPort;
    private final Path payara;
    private final Path own;
    private final Path domain;

    /** @param number from 1 on: servers beside each other share what they need, and each has a domain and logs of its own */
    PayaraServer(Home home, Secrets secrets, int number, String httpHost, int httpPort, int adminPort) {
        this.home = home;
        this.secrets = secrets;
        this.number = number;
        this.httpHost = httpHost;
        this.httpPort = httpPort;
        this.adminPort = adminPort;
        this.payara = home.built("launcher/target/parts/payara7");
        this.own = number == 1 ? home.payara() : home.directory().resolve("payara-" + number);
        this.domain = own.resolve("domain1"); // the name is in its files
    }

    int number() {
        return number;
    }

    /** @return how the server with that number is called among the parts */
    static String part(int number) {
        return number == 1 ? PART : PART + "-" + number;
    }

    String part() {
        return part(number);
    }

    /** @return the schema's version after the migrations that the application brings */
    static int newestMigration(Home home) {
        var library = "lib/persistence.jar";
        try (var ear = new ZipFile(
                        home.required(EAR, "the server's application").toFile());
                var inner = new ZipInputStream(ear.getInputStream(ear.getEntry(library)))) {
            int newest = 0;
            for (var entry = inner.getNextEntry(); entry != null; entry = inner.getNextEntry()) {
                var matcher = MIGRATION.matcher(entry.getName());
                newest = matcher.matches() ? Math.max(newest, Integer.parseInt(matcher.group(1))) : newest;
            }
            return newest;
        } catch (IOException e) {
            throw Failure.from(e, "%s in %s: %s", library, EAR, e.getMessage());
        }
    }

    String url() {
        var host = httpHost.equals("0.0.0.0") ? "127.0.0.1" : httpHost;
        return "http://" + host + ":" + httpPort;
    }

    /** @return whether the domain was made from another archive, another server or an older launcher */
    boolean isOutdated() {
        try {
            return !Files.exists(mark()) || !Files.readString(mark()).equals(fingerprint());
        } catch (IOException e) {
            throw Failure.from(e, "%s: %s", mark(), e.getMessage());
        }
    }

    ProcessId launch(Map<String, String> environment, Progress.Step step) {
        try {
            home.required("launcher/target/parts/payara7/glassfish/modules/glassfish.jar", "Payara Server");
            endForgotten();
            step.says("preparing Payara " + Versions.PAYARA);
            create();
            configure();
            step.says("starting Payara " + Versions.PAYARA);
            var domainXml = DomainXml.read(domain.resolve("config/domain.xml"));
            var command = new ServerCommand(payara, domain, Machine.serverHeapMegabytes(), archive());
            return Command.of(command.line(domainXml.jvmOptions()))
                    .with(environment)
                    .with("AS_JAVA", Java.home().toString())
                    .with("JAVA_HOME", Java.home().toString())
                    .in(domain.resolve("config"))
                    .leave(home.logs().resolve(part() + ".out"), false);
        } catch (IOException e) {
            throw Failure.from(e, "the server does not start: %s", e);
        }
    }

    void awaitAdministration(ProcessId process) {
        await(
                process,
                Duration.ofMinutes(3),
                () -> admin("version", "")
                        .filter(answer -> answer.body().contains("exit-code: SUCCESS"))
                        .isPresent());
    }

    /** Deploys, then lets HTTP in. */
    void deploy() {
        deployArchive();
        open();
    }

    private void deployArchive() {
        var ear = URLEncoder.encode(home.built(EAR).toString(), StandardCharsets.UTF_8);
        var answer = admin("deploy", "?DEFAULT=" + ear + "&name=" + APPLICATION + "&force=true&upload=false");
        var body = answer.map(HttpResponse::body).orElse("no answer");
        if (!body.contains("exit-code: SUCCESS") && !body.contains("exit-code: WARNING")) {
            var reason = body.lines()
                    .filter(line -> line.startsWith("message:"))
                    .findFirst()
                    .orElse(body);
            throw Failure.because("the application was not deployed: %s%nThe log is %s", reason, log());
        }
        try {
            Trees.sync(domain);
            AtomicFile.write(mark(), fingerprint());
        } catch (IOException e) {
            throw Failure.from(e, "%s: %s", mark(), e.getMessage());
        }
    }

    private void open() {
        if (!Ports.isFree(httpPort)) { // the server would only log it, and somebody else would answer for it
            throw Failure.because(
                    "port %d was taken by another program while the server started: end that, or set %s",
                    httpPort, Ports.of(Ports.HTTP, number));
        }
        var setting = URLEncoder.encode(DomainXml.HTTP_ENABLED + "=true", StandardCharsets.UTF_8);
        var answer = admin("set", "?DEFAULT=" + setting).map(HttpResponse::body).orElse("no answer");
        if (!answer.contains("exit-code: SUCCESS")) {
            throw Failure.because(
                    "the server's HTTP port %d does not open: %s%nThe log is %s", httpPort, answer, log());
        }
    }

    void awaitReady(ProcessId process) {
        await(process, Duration.ofMinutes(5), () -> readiness().isReady());
    }

    private void await(ProcessId process, Duration deadline, java.util.function.BooleanSupplier condition) {
        boolean ready = Pause.until(deadline, () -> {
            if (!process.isAlive()) {
                throw Failure.because(
                        "the server ended while it started:%n%s%nThe log is %s", Tail.of(lastOutput(), 12), log());
            }
            return condition.getAsBoolean();
        });
        if (!ready) {
            throw Failure.because(
                    "the server is not ready after %d s: %s%nThe log is %s", deadline.toSeconds(), readiness(), log());
        }
    }

    private Path lastOutput() {
        return Files.exists(log()) ? log() : home.logs().resolve(part() + ".out");
    }

    Readiness readiness() {
        return Http.get(url() + "/health/ready", Duration.ofSeconds(5))
                .map(answer -> Readiness.of(answer.body()))
                .orElse(Readiness.NONE);
    }

    /** By its own command, so that the application ends in order; by signal when that does not help. */
    void stop(ProcessId process) {
        boolean deployed = Files.exists(mark());
        boolean inOrder = deployed && admin("stop-domain", "?force=true").isPresent() && process.awaitEnd(60);
        if (!inOrder) { // one that is still starting does not listen to commands, and has no work to end
            process.end(10);
        }
        try {
            archive().keep(deployed && inOrder);
        } catch (IOException e) {
            throw Failure.from(e, "%s: %s", own, e.getMessage());
        }
    }

    private ClassArchive archive() throws IOException {
        return ClassArchive.of(own, payara.resolve("glassfish/modules/glassfish.jar"));
    }

    Path log() {
        return home.logs().resolve(part() + ".log");
    }

    private void create() throws IOException {
        Files.createDirectories(own);
        Files.deleteIfExists(mark());
        var modules = domain.resolve("osgi-cache"); // worth 3 s, and good for this very server only
        var kept = own.resolve("osgi-cache " + Versions.PAYARA + " " + Integer.toHexString(payara.hashCode()));
        if (Files.isDirectory(modules)) {
            Trees.delete(kept);
            Files.move(modules, kept);
        }
        Trees.delete(domain);
        Trees.copy(payara.resolve("glassfish/domains/domain1"), domain);
        if (Files.isDirectory(kept)) {
            Files.move(kept, modules);
        }
        Files.setPosixFilePermissions(domain, PosixFilePermissions.fromString("rwx------"));
        AtomicFile.write(
                domain.resolve("config/admin-keyfile"),
                "admin;" + SaltedHash.of(secrets.named("server-admin-password")) + ";asadmin\n");
        var logging = domain.resolve("config/logging.properties");
        var properties = new Properties();
        try (var in = Files.newInputStream(logging)) {
            properties.load(in);
        }
        var file = "com.sun.enterprise.server.logging.GFFileHandler.";
        properties.setProperty("handlers", "");
        properties.setProperty(file + "file", log().toString());
        properties.setProperty(file + "rotationLimitInBytes", "20000000");
        properties.setProperty(file + "maxHistoryFiles", "5");
        try (var out = Files.newOutputStream(logging)) {
            properties.store(out, null);
        }
    }

    private void configure() throws IOException {
        var file = domain.resolve("config/domain.xml");
        AtomicFile.write(
                file,
                DomainXml.read(file).listeners(httpHost, httpPort, adminPort).bytes());
    }

    /** One that a killed launcher started and never wrote down: two servers in one domain would spoil it. */
    private void endForgotten() throws IOException {
        var file = domain.resolve("config/pid");
        if (!Files.exists(file)) {
            return;
        }
        var text = Files.readString(file).strip();
        var process = text.isEmpty() ? Optional.<ProcessId>empty() : ProcessId.of(Long.parseLong(text));
        if (process.isPresent() && isServer(process.get().pid())) {
            stop(process.get());
        }
    }

    private boolean isServer(long pid) {
        try {
            return Files.readString(Path.of("/proc/" + pid + "/cmdline")).contains(domain.toString());
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * Asks the way asadmin does, without a JVM for it. The password is the one that the server writes at each start into a file
     * which only its owner reads.
     */
    private Optional<HttpResponse<String>> admin(String command, String query) {
        try {
            var password = domain.resolve("config/local-password");
            if (!Files.exists(password)) {
                return Optional.empty();
            }
            var login = "admin:" + Files.readString(password).strip();
            return Http.post(
                    "http://127.0.0.1:" + adminPort + "/__asadmin/" + command + query,
                    Duration.ofMinutes(5),
                    "Authorization",
                    "Basic " + Base64.getEncoder().encodeToString(login.getBytes(StandardCharsets.UTF_8)),
                    "X-Requested-By",
                    "cli",
                    "User-Agent",
                    "hk2-agent");
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private Path mark() {
        return own.resolve("deployed");
    }

    private String fingerprint() throws IOException {
        var ear = home.required(EAR, "the server's application");
        return "layout %d, payara %s at %s, ear %s%n".formatted(LAYOUT, Versions.PAYARA, payara, digest(ear));
    }

    private static String digest(Path file) throws IOException {
        try (var in = Files.newInputStream(file)) {
            var digest = MessageDigest.getInstance("SHA-256");
            var buffer = new byte[1 << 16];
            for (int read = in.read(buffer); read > 0; read = in.read(buffer)) {
                digest.update(buffer, 0, read);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
