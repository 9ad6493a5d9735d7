// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The system's own installer, and what a prerequisite is called there. */
enum SystemPackages {
    APT("apt-get", "apt-get install -y", "python3 python3-venv"),
    DNF("dnf", "dnf install -y", "python3"),
    PACMAN("pacman", "pacman -S --noconfirm", "python"),
    ZYPPER("zypper", "zypper --non-interactive install", "python3"),
    APK("apk", "apk add", "python3");

    /** Which have the same names everywhere. */
    private static final String SANDBOX = "bubblewrap passt";

    private static final String TOOL = "apt-get install -y --no-install-recommends ";

    private final String program;
    private final String install;
    private final String python;

    SystemPackages(String program, String install, String python) {
        this.program = program;
        this.install = install;
        this.python = python;
    }

    static Optional<SystemPackages> find(Settings settings) {
        return Stream.of(values())
                .filter(manager -> NomadAgent.onPath(settings, manager.program).isPresent())
                .findFirst();
    }

    /** What isolates containers, as it is to be typed by whoever asks. */
    String sandbox() {
        return sudo() + install + " " + SANDBOX;
    }

    String python() {
        return sudo() + install + " " + python;
    }

    private static String sudo() {
        return Privilege.isRoot() ? "" : "sudo ";
    }

    Command.Result installSandbox() {
        return install(install + " " + SANDBOX);
    }

    /** As it is to be typed by whoever asks; empty where the distribution has no such tool. */
    Optional<String> tool(String name) {
        return this == APT ? Optional.of(sudo() + TOOL + name) : Optional.empty();
    }

    Command.Result installTool(String name) {
        return install(TOOL + name);
    }

    private Command.Result install(String command) {
        var result = run(command);
        if (!result.ok() && this == APT) { // a fresh image knows no packages yet
            run("apt-get update");
            result = run(command);
        }
        return result;
    }

    private static Command.Result run(String text) {
        var line = new ArrayList<String>();
        if (!Privilege.isRoot()) {
            line.addAll(List.of("sudo", "-n"));
        }
        line.addAll(List.of(text.split(" ")));
        return Command.of(line).with("DEBIAN_FRONTEND", "noninteractive").run(300);
    }
}
