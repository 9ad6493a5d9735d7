// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** The unmodified client in a Python environment of its own. */
record ClientEnvironment(Home home, Python python) {
    static final String RUNNER = "runner/target/runner-" + Versions.SERAI + ".jar";

    /** Made once for each version of client and interpreter; a half-made one is made anew. */
    void prepare(Progress.Step step) {
        var wanted = "modal %s, Python %s at %s%n".formatted(Versions.MODAL, python.version(), python.program());
        try {
            if (!isMade(wanted)) {
                step.says("installing modal " + Versions.MODAL);
                make(home.venv(), "modal==" + Versions.MODAL);
                AtomicFile.write(mark(), wanted);
            }
        } catch (IOException e) {
            throw Failure.from(e, "%s: %s", home.venv(), e.getMessage());
        }
        step.says("modal %s on Python %s".formatted(Versions.MODAL, python.version()));
    }

    private boolean isMade(String wanted) throws IOException {
        return Files.exists(mark()) && Files.readString(mark()).equals(wanted);
    }

    /** @param packages what pip installs into it */
    void make(Path venv, String... packages) throws IOException {
        var log = home.logs().resolve("client.log");
        Trees.delete(venv);
        Command.of(python.program(), "-m", "venv", venv.toString()).runLogged(log, 180, "python -m venv");
        var line = new java.util.ArrayList<String>();
        line.addAll(java.util.List.of(venv.resolve("bin/python").toString(), "-m", "pip", "install"));
        line.addAll(java.util.List.of("--quiet", "--disable-pip-version-check"));
        line.addAll(java.util.List.of(packages));
        Command.of(line).runLogged(log, 900, "pip install " + String.join(" ", packages));
        Trees.sync(venv);
    }

    /** The package that containers run, beforehand: else the first call of all waits for it. */
    void prepareRuntime(Progress.Step step) {
        var runner = home.required(RUNNER, "the runner");
        Command.of(python.program(), runner.toString(), "prepare-runtime")
                .plus(
                        "--package",
                        "modal",
                        "--version",
                        Versions.MODAL,
                        "--cache",
                        home.cache().toString())
                .runLogged(home.logs().resolve("client.log"), 900, "preparing the containers' runtime");
        step.says("modal %s for containers".formatted(Versions.MODAL));
    }

    boolean isPrepared() {
        return Files.exists(mark());
    }

    private Path mark() {
        return home.venv().resolve("serai-ready");
    }

    /** The client with the address and login of this platform; the person's own ~/.modal.toml is neither read nor written. */
    Command modal(Map<String, String> login) {
        return Command.of(home.venv().resolve("bin/python").toString(), "-m", "modal")
                .with(login)
                .with("MODAL_CONFIG_PATH", home.clientConfig().toString());
    }
}
