// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/**
 * Containers coming and going: who is let in, what becomes of the inputs of one that ended, fell silent or took too long,
 * and what is forgotten when it is old. How many containers there should be is in {@code serai.autoscale}.
 */
package serai.reap;
