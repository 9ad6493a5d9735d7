// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/**
 * Which devices this machine has: those that NVIDIA's driver reports, or stand-ins that the environment declares. Who gets
 * them is decided in {@code serai.local.plan}.
 */
package serai.local.device;
