// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/**
 * Queue, leases and autoscaler on virtual time, under faults that a seed decides. What decides is the product's own: scaler,
 * departures, reaper, admissions, leases between servers and all policies. Below one to three servers are the tables of {@code
 * serai.model} and a cluster, around them containers and clients; between any two statements of a server others may act, or it may
 * die, or stand still for longer than its leases last.
 */
package serai.simulation;
