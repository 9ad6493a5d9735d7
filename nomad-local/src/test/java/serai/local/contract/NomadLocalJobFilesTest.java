// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.contract;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import serai.local.Agent;

/** nomad-local, in this process. */
class NomadLocalJobFilesTest extends JobFilesContract {
    private Agent agent;

    @BeforeAll
    void start(@TempDir Path data) throws IOException {
        agent = Agent.start(new Agent.Settings("127.0.0.1", 0, data, "test", "0.0.0-test"));
    }

    @AfterAll
    void stop() throws IOException {
        agent.close();
    }

    @Override
    Nomad nomad() {
        return new Nomad("http://127.0.0.1:" + agent.port());
    }

    /** It runs pools and no servers: no users, no volumes, nothing that runs once on each node. It says so in its own name. */
    @Override
    boolean isItsOwnLimit(String complaint) {
        return complaint.startsWith("* nomad-local ");
    }
}
