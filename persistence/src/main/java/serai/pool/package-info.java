// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/**
 * What scales: a function's definition version, bound variant and GPU rank. How many containers a pool should have is
 * decided in {@code serai.autoscale}.
 */
package serai.pool;
