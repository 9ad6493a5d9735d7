// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/**
 * The one-command start: database, agent, server and client environment as processes of one machine.
 *
 * <p>It starts the parts and never links against them: what it knows of each is a command line, a port and an address to ask for
 * health. What the parts do with each other is not its business.
 */
package serai.launcher;
