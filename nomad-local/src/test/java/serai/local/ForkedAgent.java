// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An agent in a process of its own, which can be killed. */
public final class ForkedAgent implements AutoCloseable {
    private static final Pattern ADDRESS = Pattern.compile("listens on (http://127\\.0\\.0\\.1:[0-9]+)");

    private final Process process;
    private final String address;

    private ForkedAgent(Process process, String address) {
        this.process = process;
        this.address = address;
    }

    /** For processes only. @param prefix words before the Java command */
    public static ForkedAgent start(Path data, String... prefix) throws IOException {
        return start(data, Map.of("SERAI_LOCAL_PODMAN", "off"), prefix);
    }

    /**
     * @param environment added to that of this process
     * @param prefix words before the Java command
     */
    public static ForkedAgent start(Path data, Map<String, String> environment, String... prefix) throws IOException {
        List<String> command = new ArrayList<>(List.of(prefix));
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                NomadLocal.class.getName(),
                "--port",
                "0",
                "--data-dir",
                data.toString()));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        Process process = builder.start();
        BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            Matcher matcher = ADDRESS.matcher(line);
            if (matcher.find()) {
                Thread.startVirtualThread(() -> copy(out));
                return new ForkedAgent(process, matcher.group(1));
            }
            System.out.println(line);
        }
        throw new IOException("the agent did not start");
    }

    private static void copy(BufferedReader out) {
        try {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                System.out.println(line);
            }
        } catch (IOException e) {
            System.out.println("the agent is gone: " + e.getMessage());
        }
    }

    public String address() {
        return address;
    }

    /** Runs a program of the machine with the agent's process ID as its last word. */
    public void run(String... words) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(words));
        command.add(Long.toString(process.pid()));
        if (new ProcessBuilder(command).inheritIO().start().waitFor() != 0) {
            throw new IOException(String.join(" ", command));
        }
    }

    /** SIGTERM. @return the exit status */
    public int stop() throws InterruptedException {
        process.destroy();
        return process.waitFor();
    }

    /** SIGKILL. */
    public void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    @Override
    public void close() throws InterruptedException {
        stop();
    }
}
