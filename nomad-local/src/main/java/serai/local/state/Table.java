// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.state;

/** Where documents are kept; each has an index of its last change. */
public enum Table {
    JOBS,
    /** The last versions of a job, newest first, in one document. */
    VERSIONS,
    SCALING_EVENTS,
    ALLOCATIONS,
    /** Of allocations that the API does not know any more: what they hold until their last process has ended. */
    ENDING,
    EVALUATIONS,
    DEPLOYMENTS,
    VARIABLES,
    NAMESPACES,
    NODES,
    SCHEDULER
}
