// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** What load balancers and the launcher ask: is this server alive, can it do its work. */
package serai.health;
