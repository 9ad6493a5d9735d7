// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import serai.local.control.Alarm;
import serai.local.plan.Node;
import serai.local.state.Store;
import serai.local.state.Table;
import serai.local.state.Tables;

/** What every task needs of the agent. */
record Surroundings(
        Path data,
        Store store,
        Tools tools,
        Supervisors supervisors,
        Artifacts artifacts,
        Podman podman,
        Node node,
        Map<String, String> environment,
        Optional<Path> devices,
        InstantSource clock,
        Alarm alarm,
        RandomGenerator random) {

    AllocDir allocDir(String alloc) {
        return new AllocDir(allocDirs().resolve(alloc));
    }

    Path runDirs() {
        return data.resolve("run");
    }

    RunDirs runDirs(String alloc, String task) {
        return new RunDirs(runDirs().resolve(alloc).resolve(task));
    }

    Path allocDirs() {
        return data.resolve("alloc");
    }

    /** What is kept of a container as long as there may be one of that name. */
    Path containers() {
        return data.resolve("containers");
    }

    Leftovers leftovers() {
        return new Leftovers(allocDirs());
    }

    Optional<JsonNode> variable(String namespace, String path) {
        return store.read(t -> t.get(Table.VARIABLES, Tables.jobKey(namespace, path)))
                .map(v -> v.path("Items"));
    }
}
