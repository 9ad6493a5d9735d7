// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

/** What has to be on the machine before a container can run. */
record Prerequisites(Settings settings) {
    boolean hasBubblewrap() {
        return NomadAgent.onPath(settings, "bwrap").isPresent();
    }

    String bubblewrapRemedy() {
        return SystemPackages.find(settings)
                .map(SystemPackages::bubblewrap)
                .orElse("install the package bubblewrap (program bwrap)");
    }

    /** Installs it where that may be done unasked: as root, or when the person has said so beforehand. */
    void bubblewrap(Progress progress) {
        if (hasBubblewrap()) {
            return;
        }
        var manager = SystemPackages.find(settings);
        if (manager.isEmpty() || !(Privilege.isRoot() || settings.yes())) {
            throw Failure.because(
                    "bubblewrap is missing: containers are isolated by it. Type:%n    %s%n(or set SERAI_YES=1, and ./serai up does it)",
                    bubblewrapRemedy());
        }
        progress.step("sandbox", "installing bubblewrap: " + manager.get().bubblewrap(), step -> {
            var result = manager.get().installBubblewrap();
            if (!result.ok() || !hasBubblewrap()) {
                throw Failure.because(
                        "bubblewrap could not be installed:%n%s%nType: %s",
                        Tail.of(result.output(), 8), bubblewrapRemedy());
            }
            step.says("bubblewrap installed");
            return null;
        });
    }

    boolean hasMmdebstrap() {
        return NomadAgent.onPath(settings, "mmdebstrap").isPresent();
    }

    /** Makes base systems of images. Without it everything else works, so that a failure is no reason to stop. */
    void mmdebstrap(Progress progress) {
        var manager = SystemPackages.find(settings).filter(m -> m.mmdebstrap().isPresent());
        if (hasMmdebstrap() || manager.isEmpty() || !(Privilege.isRoot() || settings.yes())) {
            return;
        }
        progress.step(
                "images", "installing mmdebstrap: " + manager.get().mmdebstrap().orElseThrow(), step -> {
                    var result = manager.get().installMmdebstrap();
                    step.says(
                            result.ok()
                                    ? "mmdebstrap installed"
                                    : "mmdebstrap could not be installed, so images that need a build cannot be built");
                    return null;
                });
    }
}
