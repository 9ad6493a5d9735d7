// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/**
 * The port to whatever runs our containers. {@code serai.nomad} implements it; nobody else knows what is behind it. What
 * a container does once it runs is not here.
 */
package serai.cluster;
