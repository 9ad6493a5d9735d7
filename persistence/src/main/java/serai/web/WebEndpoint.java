// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.web;

/**
 * A function, or a method of a class, that is called by HTTP.
 *
 * @param method of a class; empty for a function
 * @param rules of its own
 */
public record WebEndpoint(
        String name,
        String workspaceId,
        String environmentId,
        String appId,
        String appName,
        String functionId,
        String functionName,
        String method,
        String definitionId,
        WebRules rules) {}
