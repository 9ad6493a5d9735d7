// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** Apps: named sets of functions and their publications. Functions themselves are not here. */
package serai.app;
