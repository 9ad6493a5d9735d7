// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/**
 * From zero and back to zero: how many containers a pool should have, and bringing it there. Who asks for it sooner than
 * the next tick is in {@code serai.activate}; what becomes of lost containers is in {@code serai.reap}.
 */
package serai.autoscale;
