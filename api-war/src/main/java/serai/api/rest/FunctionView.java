// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import serai.function.Function;

/**
 * A function, as lists show it.
 *
 * @param definition by which it runs; null until its app is published
 * @param base of a variant: the function that it is bound from; null for others
 */
public record FunctionView(String id, String name, String app, String environment, String definition, String base) {
    static FunctionView of(Function function, String environment) {
        return new FunctionView(
                function.id(),
                function.name(),
                function.appId(),
                environment,
                function.definitionId(),
                function.baseId().orElse(null));
    }
}
