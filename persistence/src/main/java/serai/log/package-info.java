// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** Logs of containers. How they are shown is known to the edges. */
package serai.log;
