// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.contract;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An image of nothing but busybox, in podman's store and in a registry of its own, which asks for a name and is gone with it. */
final class TestImage implements AutoCloseable {
    private static final Pattern LISTENS = Pattern.compile("listening on (127\\.0\\.0\\.1:[0-9]+)");

    static final String USER = "ada";
    static final String PASSWORD = "secret";
    /** The password as bcrypt gives it, which is all that the registry reads. */
    private static final String USERS = USER + ":$2y$04$2lnqgCPY7H.ErMhb.AKM3eCZlPtWPCRgxyHtTmqq6z93uL7UmkTBG\n";

    private final Process registry;
    private final String name;
    private final String remote;

    private TestImage(Process registry, String name, String remote) {
        this.registry = registry;
        this.name = name;
        this.remote = remote;
    }

    /** What a command came to. */
    record Result(int status, String output) {
        boolean ok() {
            return status == 0;
        }
    }

    /** In podman's store. */
    String name() {
        return name;
    }

    /** In the registry, by its digest. */
    String remote() {
        return remote;
    }

    static TestImage make(Path files) throws IOException, InterruptedException {
        String id = UUID.randomUUID().toString();
        String name = "localhost/serai-test-" + id + ":1";
        succeed(run(
                "tar",
                "-C",
                root(files).toString(),
                "-cf",
                files.resolve("root.tar").toString(),
                "."));
        succeed(podman("import", "--quiet", files.resolve("root.tar").toString(), name));
        Path users = Files.writeString(files.resolve("users"), USERS);
        Path config = Files.writeString(files.resolve("registry.yml"), """
                version: 0.1
                storage: {filesystem: {rootdirectory: %s}}
                http: {addr: "127.0.0.1:0"}
                auth: {htpasswd: {realm: test, path: %s}}
                """.formatted(files.resolve("registry"), users));
        Process registry = new ProcessBuilder("docker-registry", "serve", config.toString())
                .redirectErrorStream(true)
                .start();
        String address = address(registry);
        Path digest = files.resolve("digest");
        succeed(podman(
                "push",
                "--tls-verify=false",
                "--creds",
                USER + ":" + PASSWORD,
                "--digestfile",
                digest.toString(),
                name,
                "docker://" + address + "/box:1"));
        return new TestImage(
                registry, name, address + "/box@" + Files.readString(digest).strip());
    }

    private static Path root(Path files) throws IOException {
        Path bin = Files.createDirectories(files.resolve("root/bin"));
        for (String directory : List.of("etc", "tmp", "extra")) {
            Files.createDirectories(files.resolve("root").resolve(directory));
        }
        Path busybox = bin.resolve("busybox");
        Files.copy(Path.of("/bin/busybox"), busybox);
        if (!busybox.toFile().setExecutable(true, false)) {
            throw new IOException(busybox + " cannot be made executable");
        }
        for (String applet : List.of("cat", "hostname", "id", "ls", "sh", "sleep", "touch", "wget")) {
            Files.createSymbolicLink(bin.resolve(applet), Path.of("busybox"));
        }
        return files.resolve("root");
    }

    private static String address(Process registry) throws IOException {
        BufferedReader lines = registry.inputReader();
        List<String> said = new ArrayList<>();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            said.add(line);
            Matcher matcher = LISTENS.matcher(line);
            if (matcher.find()) {
                Thread.startVirtualThread(() -> lines.lines().forEach(rest -> {}));
                return matcher.group(1);
            }
        }
        throw new IOException("the registry did not start: " + said);
    }

    static Result podman(String... words) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("podman"));
        command.addAll(List.of(words));
        return run(command.toArray(String[]::new));
    }

    private static Result run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectInput(Redirect.from(Path.of("/dev/null").toFile()))
                .start();
        String output = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        return new Result(process.waitFor(), output);
    }

    private static void succeed(Result result) throws IOException {
        if (!result.ok()) {
            throw new IOException(result.output());
        }
    }

    @Override
    public void close() throws IOException, InterruptedException {
        registry.destroy();
        registry.waitFor();
        succeed(podman("rmi", "--force", name));
        podman("rmi", "--force", remote); // there if a test has fetched it
    }
}
