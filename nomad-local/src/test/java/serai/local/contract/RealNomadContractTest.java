// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.contract;

import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/** A Nomad that runs elsewhere, such as {@code nomad agent -dev}: proof that the tests ask for nothing of our own invention. */
@EnabledIfEnvironmentVariable(named = "NOMAD_ADDR", matches = ".+")
class RealNomadContractTest extends NomadContract {
    private final Nomad nomad = new Nomad(System.getenv("NOMAD_ADDR"));

    @Override
    Nomad nomad() {
        return nomad;
    }
}
