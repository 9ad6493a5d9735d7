// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/**
 * Reacting at once to what clients do: inputs arrive, an app is published, an app is stopped. Nothing here is needed for
 * correctness: the next tick would do the same.
 */
package serai.activate;
