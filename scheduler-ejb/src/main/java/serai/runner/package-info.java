// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** The program that every allocation starts, as the server hands it out. What it does is known to the {@code runner} module. */
package serai.runner;
