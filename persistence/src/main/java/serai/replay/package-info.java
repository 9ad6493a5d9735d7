// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** Answers kept under idempotency keys. Which requests need one is known to the edges. */
package serai.replay;
