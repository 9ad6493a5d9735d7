// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.deployed;

import jakarta.enterprise.context.Dependent;
import serai.function.CpuLimits;
import serai.function.Definition;

/** In place of the edges', which are left out. */
@Dependent
public class NoCpuLimits implements CpuLimits {
    @Override
    public int milliCpuMax(Definition definition) {
        return 0;
    }
}
