// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** run.json, written at each change, so that a crash leaves the truth behind. */
final class Ledger {
    private final Path file;
    private RunState state;

    Ledger(Path file) {
        this.file = file;
        this.state = RunState.read(file);
    }

    synchronized RunState state() {
        return state;
    }

    synchronized void servers(int wanted) {
        change(now -> now.withServers(wanted));
    }

    synchronized void ports(Map<String, Integer> ports) {
        change(now -> now.withPorts(ports));
    }

    synchronized void started(String part, RunState.Part what) {
        change(now -> now.with(part, what));
    }

    synchronized void stopped(String part) {
        change(now -> now.without(part));
    }

    int port(String name) {
        return Optional.ofNullable(state().ports().get(name))
                .orElseThrow(() -> Failure.because("no port is chosen yet: run ./serai up"));
    }

    private void change(UnaryOperator<RunState> by) {
        state = by.apply(state);
        state.write(file);
    }
}
