// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** Containers: what a runner started, its lease and its end. What it works on is known to {@code serai.call}. */
package serai.container;
