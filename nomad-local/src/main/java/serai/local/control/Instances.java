// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.control;

import serai.local.state.Alloc;

/** The processes behind allocations. None of the calls waits for a process. */
public interface Instances {
    void start(Alloc alloc);

    void stop(Alloc alloc);

    /** Stops what still runs and deletes the allocation's files; then {@link Allocations#destroyed} is told. */
    void destroy(String allocId);
}
