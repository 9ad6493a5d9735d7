// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.web;

import java.time.Instant;

/** What callers of protected endpoints of a workspace present, without its secret. */
public record ProxyToken(String id, String workspaceId, String name, Instant createdAt) {}
