// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** Waking those who wait. What they wait for is in the database; nothing here is needed for correctness. */
package serai.signal;
