// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.definition;

import jakarta.enterprise.context.ApplicationScoped;
import serai.function.CpuLimits;
import serai.function.Definition;
import serai.protocol.Messages;

/** Reads them where the client has put them. */
@ApplicationScoped
class WireCpuLimits implements CpuLimits {
    @Override
    public int milliCpuMax(Definition definition) {
        return Messages.parseFunction(definition.wire().content())
                .getResources()
                .getMilliCpuMax();
    }
}
