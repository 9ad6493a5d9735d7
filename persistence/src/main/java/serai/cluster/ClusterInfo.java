// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.cluster;

/** What answers behind the port, for health and status. */
public record ClusterInfo(String name, String version, String address) {}
