// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/**
 * Servers beside each other on one database: who is there, which of them does what only one may do, and signals between them. What
 * they wait for and work on is in the database; nothing of it is kept here.
 */
package serai.peer;
