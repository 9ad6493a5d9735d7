// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.workspace;

/**
 * On whose behalf a request acts. Every look-up of an object goes through one of these.
 *
 * @param workspaceId whose objects may be seen
 * @param workspaceName for people
 */
public record Tenant(String workspaceId, String workspaceName) {}
