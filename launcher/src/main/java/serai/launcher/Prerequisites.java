// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

/** What has to be on the machine before a container can run. */
record Prerequisites(Settings settings) {
    boolean hasBubblewrap() {
        return NomadAgent.onPath(settings, "bwrap").isPresent();
    }

    /** Which gives each container a network of its own; not needed where somebody has said that they share the machine's. */
    boolean hasPasta() {
        return sharesNetwork() || NomadAgent.onPath(settings, "pasta").isPresent();
    }

    boolean sharesNetwork() {
        return settings.text("SERAI_RUNNER_SHARES_NETWORK")
                .filter("true"::equals)
                .isPresent();
    }

    String sandboxRemedy() {
        return SystemPackages.find(settings)
                .map(SystemPackages::sandbox)
                .orElse("install the packages bubblewrap (program bwrap) and passt (program pasta)");
    }

    /** Installs it where that may be done unasked: as root, or when the person has said so beforehand. */
    void sandbox(Progress progress) {
        if (hasBubblewrap() && hasPasta()) {
            return;
        }
        var missing = hasPasta() ? "bubblewrap" : hasBubblewrap() ? "pasta" : "bubblewrap and pasta";
        var manager = SystemPackages.find(settings);
        if (manager.isEmpty() || !(Privilege.isRoot() || settings.yes())) {
            throw Failure.because(
                    "%s: not there, and containers are isolated by it. Type:%n    %s%n(or set SERAI_YES=1, and ./serai up does it)%s",
                    missing, sandboxRemedy(), withoutPasta());
        }
        progress.step("sandbox", "installing " + missing + ": " + manager.get().sandbox(), step -> {
            var result = manager.get().installSandbox();
            if (!result.ok() || !hasBubblewrap() || !hasPasta()) {
                throw Failure.because(
                        "%s could not be installed:%n%s%nType: %s%s",
                        missing, Tail.of(result.output(), 8), sandboxRemedy(), withoutPasta());
            }
            step.says(missing + " installed");
            return null;
        });
    }

    private String withoutPasta() {
        return hasPasta()
                ? ""
                : "%nWithout pasta: SERAI_RUNNER_SHARES_NETWORK=true, and containers reach all that listens on this machine, its loopback included"
                        .formatted();
    }

    /** Makes base systems of images. */
    void mmdebstrap(Progress progress) {
        if (Privilege.isRoot() || settings.yes()) {
            tool("images", "mmdebstrap", "so images that need a build cannot be built", progress);
        }
    }

    /** For tests in a browser; so large that nobody has it unasked. */
    void chromium(Progress progress) {
        if (settings.yes()) {
            tool("browser", "chromium", "so tests that need a browser are skipped", progress);
        }
    }

    /** For tests of tasks that are images: what runs them, a registry and what speaks with it, and the one program of theirs. */
    void podman(Progress progress) {
        if (Privilege.isRoot() || settings.yes()) {
            var consequence = "so tests of nomad-local's driver podman fail";
            tool("podman", "podman", "podman runc netavark iptables catatonit", consequence, progress);
            tool("podman", "docker-registry", "docker-registry", consequence, progress);
            tool("podman", "skopeo", "skopeo", "so tests of images in a registry are skipped", progress);
            tool("podman", "busybox", "busybox-static", consequence, progress);
        }
    }

    private void tool(String step, String name, String consequence, Progress progress) {
        tool(step, name, name, consequence, progress);
    }

    /**
     * Without it everything else works, so that a failure is no reason to stop.
     *
     * @param packages that bring the program, with blanks between them
     */
    private void tool(String step, String program, String packages, String consequence, Progress progress) {
        var line = SystemPackages.find(settings).flatMap(manager -> manager.tool(packages));
        boolean isThere = NomadAgent.onPath(settings, program).isPresent();
        if (isThere || line.isEmpty()) {
            return;
        }
        progress.step(step, "installing %s: %s".formatted(program, line.get()), said -> {
            var result = SystemPackages.find(settings).orElseThrow().installTool(packages);
            said.says(
                    result.ok()
                            ? program + " installed"
                            : "%s could not be installed, %s".formatted(program, consequence));
            return null;
        });
    }
}
