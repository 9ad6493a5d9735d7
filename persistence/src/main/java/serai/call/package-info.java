// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/**
 * The queue: calls, inputs, outputs. Every statement here is written by hand, because it is hot. Who should run what is
 * decided by containers that ask; how many of them there are is decided in {@code serai.autoscale}.
 */
package serai.call;
