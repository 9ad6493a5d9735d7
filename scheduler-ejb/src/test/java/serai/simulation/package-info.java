// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/**
 * Queue, leases and autoscaler on virtual time, under faults that a seed decides. What decides is the product's own: scaler,
 * departures, reaper, admissions and all policies. Below them are the tables of {@code serai.model} and a cluster, around them
 * containers and clients; between any two statements of a server others may act, or the server may die.
 */
package serai.simulation;
