// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.ZipInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/** The embedded database: binaries from Maven; initdb, access rules and the start are ours, and durable. */
final class PostgresServer {
    static final String PART = "database";
    private static final String NAME = "serai";

    private final Home home;
    private final Secrets secrets;
    private final int port;
    private final Path binaries;
    private final Path data;

    PostgresServer(Home home, Secrets secrets, int port) {
        this.home = home;
        this.secrets = secrets;
        this.port = port;
        this.binaries = home.postgres().resolve(Versions.POSTGRESQL);
        this.data = home.postgres().resolve("data");
    }

    Database database() {
        return new Database(
                "jdbc:postgresql://127.0.0.1:" + port + "/" + NAME, NAME, secrets.named("database-password"));
    }

    RunState.Part start(Progress.Step step) {
        try {
            if (!Files.isDirectory(binaries)) {
                step.says("unpacking PostgreSQL " + Versions.POSTGRESQL);
                unpack();
            }
            if (!Files.isDirectory(data)) {
                step.says("creating the database");
                initialise();
            }
            refuseOtherMajor();
            var process = adoptRunning().orElseGet(() -> {
                step.says("starting PostgreSQL " + Versions.POSTGRESQL);
                return launch();
            });
            step.says("PostgreSQL %s on 127.0.0.1:%d".formatted(Versions.POSTGRESQL, port));
            return new RunState.Part("embedded", Versions.POSTGRESQL, "127.0.0.1:" + port, process);
        } catch (IOException e) {
            throw Failure.from(e, "the database does not start: %s", e);
        }
    }

    /** A fast shutdown: open transactions are rolled back, what was committed is written. */
    void stop(ProcessId process) {
        var line = unprivileged("pg_ctl", "stop", "-D", data.toString(), "-m", "fast", "-w", "-t", "60");
        var result = line.run(70);
        if (!result.ok() && process.isAlive()) {
            process.end(30); // SIGTERM waits for clients, which are gone by now
        }
        process.awaitEnd(10);
    }

    private void unpack() throws IOException {
        var jar = home.required("launcher/target/parts/postgresql.jar", "PostgreSQL");
        Files.createDirectories(home.postgres());
        var draft = Files.createTempDirectory(home.postgres(), "unpacking");
        Files.setPosixFilePermissions(draft, java.nio.file.attribute.PosixFilePermissions.fromString("rwxr-xr-x"));
        try (var zip = new ZipInputStream(new BufferedInputStream(Files.newInputStream(jar)))) {
            for (var entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                if (entry.getName().endsWith(".txz")) {
                    unpack(zip, draft);
                }
            }
        }
        Trees.sync(draft);
        Files.move(draft, binaries);
    }

    private static void unpack(InputStream txz, Path into) throws IOException {
        // not closed: it would close the zip under it
        var tar = new TarArchiveInputStream(new XZCompressorInputStream(new BufferedInputStream(txz, 1 << 16)));
        for (var entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
            var target = into.resolve(entry.getName()).normalize();
            if (!target.startsWith(into)) {
                throw new IOException("the archive points outside: " + entry.getName());
            }
            unpack(tar, entry, target);
        }
    }

    private static void unpack(InputStream tar, TarArchiveEntry entry, Path target) throws IOException {
        if (entry.isDirectory()) {
            Files.createDirectories(target);
            return;
        }
        Files.createDirectories(target.getParent());
        if (entry.isSymbolicLink()) {
            Files.createSymbolicLink(target, Path.of(entry.getLinkName()));
            return;
        }
        Files.copy(tar, target);
        if ((entry.getMode() & 0100) != 0) {
            var permissions = EnumSet.copyOf(Files.getPosixFilePermissions(target));
            permissions.addAll(EnumSet.of(
                    PosixFilePermission.OWNER_EXECUTE,
                    PosixFilePermission.GROUP_EXECUTE,
                    PosixFilePermission.OTHERS_EXECUTE));
            Files.setPosixFilePermissions(target, permissions);
        }
    }

    /** Made aside and moved into place when it is whole, so that one that was interrupted is simply made again. */
    private void initialise() throws IOException {
        var draft = home.postgres().resolve("data.new");
        Trees.delete(draft);
        var init = unprivileged(
                        "initdb",
                        "-D",
                        draft.toString(),
                        "-U",
                        "postgres",
                        "-E",
                        "UTF8",
                        "--locale-provider=builtin",
                        "--builtin-locale=C.UTF-8",
                        "--locale=C",
                        "--auth=scram-sha-256",
                        "--pwfile=/dev/stdin")
                .run(120, secrets.named("database-superuser-password") + "\n");
        if (!init.ok()) {
            throw Failure.because("initdb failed:%n%s", Tail.of(init.output(), 15));
        }
        Files.writeString(draft.resolve("pg_hba.conf"), """
                # Passwords always, this machine only; there is no Unix socket.
                # type database user address      method
                host   all      all  127.0.0.1/32 scram-sha-256
                """);
        Files.writeString(
                draft.resolve("postgresql.conf"),
                "\n# what the launcher decides at each start; ALTER SYSTEM overrides it\ninclude_if_exists 'serai.conf'\n",
                java.nio.file.StandardOpenOption.APPEND);
        // the server's own role is no superuser; the password goes by standard input, not by the command line
        var make = unprivileged("postgres", "--single", "-D", draft.toString(), "postgres")
                .run(
                        60,
                        "create role %s login password '%s'\ncreate database %s owner %s\n"
                                .formatted(NAME, secrets.named("database-password"), NAME, NAME));
        if (!make.ok() || make.output().contains("ERROR")) {
            throw Failure.because("the database was not created:%n%s", Tail.of(make.output(), 15));
        }
        Trees.sync(draft);
        Files.move(draft, data);
        Trees.sync(data); // and it has its name
    }

    private void refuseOtherMajor() throws IOException {
        var had = Files.readString(data.resolve("PG_VERSION")).strip();
        var have = Versions.POSTGRESQL.substring(0, Versions.POSTGRESQL.indexOf('.'));
        if (!had.equals(have)) {
            throw Failure.because(
                    "%s was written by PostgreSQL %s and this Serai has %s. Export it with the old version, or run ./serai reset",
                    data, had, have);
        }
    }

    /**
     * After a crash of the launcher the database may run although run.json does not know it; after SIGKILL of the machine
     * postmaster.pid may name a pid that now is somebody else's, which PostgreSQL alone could not tell.
     */
    private Optional<ProcessId> adoptRunning() throws IOException {
        var lock = data.resolve("postmaster.pid");
        if (!Files.exists(lock)) {
            return Optional.empty();
        }
        var lines = Files.readAllLines(lock); // none after a power cut
        var postmaster = lines.stream()
                .findFirst()
                .flatMap(pid -> ProcessId.of(Long.parseLong(pid.strip())))
                .filter(ProcessId::isAlive);
        if (postmaster.isPresent() && worksIn(postmaster.get().pid())) {
            boolean samePort = lines.size() > 3 && lines.get(3).strip().equals(Integer.toString(port));
            if (samePort && Pause.until(Duration.ofSeconds(60), this::isReady)) {
                return postmaster;
            }
            stop(postmaster.get());
            return Optional.empty();
        }
        if (!Pause.until(Duration.ofSeconds(15), () -> othersInData().isEmpty())) {
            throw Failure.because("processes of an earlier database still run in %s: %s", data, othersInData());
        }
        Files.deleteIfExists(lock);
        return Optional.empty();
    }

    private List<Long> othersInData() {
        return ProcessHandle.allProcesses()
                .map(ProcessHandle::pid)
                .filter(this::worksIn)
                .toList();
    }

    private boolean worksIn(long pid) {
        try {
            return Files.readSymbolicLink(Path.of("/proc/" + pid + "/cwd")).equals(data.toRealPath());
        } catch (IOException e) {
            return false; // it has ended, or is not ours
        }
    }

    private ProcessId launch() {
        try {
            Files.writeString(data.resolve("serai.conf"), configuration());
        } catch (IOException e) {
            throw Failure.from(e, "%s: %s", data, e.getMessage());
        }
        var log = home.logs().resolve("database.log");
        var process = unprivileged("postgres", "-D", data.toString()).leave(log, true);
        // a crashed one reads its log again first: that may take long, and is not to be cut short
        boolean ready = Pause.until(Duration.ofMinutes(10), () -> !process.isAlive() || isReady());
        if (!ready || !process.isAlive()) {
            throw Failure.because("PostgreSQL did not start:%n%s%nThe log is %s", Tail.of(log, 12), log);
        }
        return process;
    }

    String configuration() {
        return """
                listen_addresses = '127.0.0.1'
                port = %d
                unix_socket_directories = ''       # none: its path may be 107 bytes long, a home's can be longer
                max_connections = 200
                password_encryption = scram-sha-256
                fsync = on                         # what is acknowledged survives a killed machine
                synchronous_commit = on
                full_page_writes = on
                cluster_name = 'serai'
                log_line_prefix = '%%m [%%p] '
                timezone = 'UTC'
                log_timezone = 'UTC'
                """.formatted(port);
    }

    /** PostgreSQL itself says so, in the eighth line of its lock file. */
    private boolean isReady() {
        try {
            var lines = Files.readAllLines(data.resolve("postmaster.pid"));
            return lines.size() >= 8
                    && lines.get(7).startsWith("ready")
                    && database().answers();
        } catch (IOException e) {
            return false;
        }
    }

    private Command unprivileged(String program, String... arguments) {
        var line = new ArrayList<>(Privilege.dropped(home.postgres()));
        line.add(binaries.resolve("bin").resolve(program).toString());
        line.addAll(List.of(arguments));
        return new Command(line, Map.of("LC_ALL", "C"), home.postgres());
    }
}
