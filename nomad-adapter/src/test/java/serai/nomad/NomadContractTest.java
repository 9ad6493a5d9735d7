// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import java.net.URI;
import java.util.Optional;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/** Against a real Nomad with one node that may run {@code raw_exec}, where there is one. */
@EnabledIfEnvironmentVariable(named = "NOMAD_ADDR", matches = "http.*")
class NomadContractTest extends ClusterContract {
    @Override
    URI agent() {
        return URI.create(System.getenv("NOMAD_ADDR"));
    }

    @Override
    Optional<String> token() {
        return Optional.ofNullable(System.getenv("NOMAD_TOKEN"));
    }
}
