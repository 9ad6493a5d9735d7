// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** Functions and their versions. Which version runs where is known to {@code serai.pool}. */
package serai.function;
