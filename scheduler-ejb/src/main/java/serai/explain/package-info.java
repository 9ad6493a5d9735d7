// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** Why a call is where it is, in words for whoever waits for it. Nothing here changes anything. */
package serai.explain;
