// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.serve;

/**
 * Where a container that serves HTTP by itself is reached: its runner listens there, and passes on what comes from whoever knows the
 * token.
 *
 * @param host name or address of its node, as servers reach it
 * @param token the first line that is sent on each connection; another one in each container
 */
public record Door(String containerId, String host, int port, String token) {}
