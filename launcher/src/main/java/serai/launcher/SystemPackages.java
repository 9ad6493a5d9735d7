// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The system's own installer, and what a prerequisite is called there. */
enum SystemPackages {
    APT("apt-get", "apt-get install -y bubblewrap", "apt-get install -y python3 python3-venv"),
    DNF("dnf", "dnf install -y bubblewrap", "dnf install -y python3"),
    PACMAN("pacman", "pacman -S --noconfirm bubblewrap", "pacman -S --noconfirm python"),
    ZYPPER("zypper", "zypper --non-interactive install bubblewrap", "zypper --non-interactive install python3"),
    APK("apk", "apk add bubblewrap", "apk add python3");

    private static final String MMDEBSTRAP = "apt-get install -y --no-install-recommends mmdebstrap";

    private final String program;
    private final String bubblewrap;
    private final String python;

    SystemPackages(String program, String bubblewrap, String python) {
        this.program = program;
        this.bubblewrap = bubblewrap;
        this.python = python;
    }

    static Optional<SystemPackages> find(Settings settings) {
        return Stream.of(values())
                .filter(manager -> NomadAgent.onPath(settings, manager.program).isPresent())
                .findFirst();
    }

    /** As it is to be typed by whoever asks. */
    String bubblewrap() {
        return sudo() + bubblewrap;
    }

    String python() {
        return sudo() + python;
    }

    private static String sudo() {
        return Privilege.isRoot() ? "" : "sudo ";
    }

    Command.Result installBubblewrap() {
        return install(bubblewrap);
    }

    /** As it is to be typed by whoever asks; empty where the distribution has no such tool. */
    Optional<String> mmdebstrap() {
        return this == APT ? Optional.of(sudo() + MMDEBSTRAP) : Optional.empty();
    }

    Command.Result installMmdebstrap() {
        return install(MMDEBSTRAP);
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
