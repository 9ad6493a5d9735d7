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
class NomadLocalContractTest extends NomadContract {
    private Agent agent;
    private Nomad nomad;

    @BeforeAll
    void start(@TempDir Path data) throws IOException {
        agent = Agent.start(new Agent.Settings("127.0.0.1", 0, data, "test", "0.0.0-test"));
        nomad = new Nomad("http://127.0.0.1:" + agent.port());
    }

    @AfterAll
    void stop() throws IOException {
        agent.close();
    }

    @Override
    Nomad nomad() {
        return nomad;
    }
}
