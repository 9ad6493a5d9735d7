// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.function;

/** Upper limits of CPU, which no column has. Known to whoever reads the client's messages. */
public interface CpuLimits {
    /** @return thousandths of a core that a container may use at most; 0 for no limit */
    int milliCpuMax(Definition definition);
}
