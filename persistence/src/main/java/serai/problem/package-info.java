// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** The catalogue of everything that can go wrong and is told to a caller. How an edge words it on its wire is not here. */
package serai.problem;
