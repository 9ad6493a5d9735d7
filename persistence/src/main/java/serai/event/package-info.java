// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** What happened to a function's containers, and why. Written by whoever decides, in the transaction of the decision. */
package serai.event;
