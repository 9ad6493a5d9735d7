// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** This server among those beside it: it says that it is there, and hears what they signal. */
package serai.exchange;
