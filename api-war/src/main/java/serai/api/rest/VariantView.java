// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import java.util.Map;
import serai.definition.Bindings;
import serai.function.Definition;
import serai.function.Function;
import serai.protocol.Messages;

/**
 * A function that is bound to parameters of its class or to other options, as lists show it.
 *
 * @param definition by which it runs; null while there is none that its options fit
 * @param parameters by name; empty for a class that does not declare them
 * @param options whether it asks for something else than its base
 */
public record VariantView(String id, String base, String definition, Map<String, Object> parameters, boolean options) {
    /** @param base the definition that declares the parameters */
    static VariantView of(Function variant, Definition base) {
        return new VariantView(
                variant.id(),
                variant.baseId().orElseThrow(),
                variant.definitionId(),
                parameters(variant, base),
                variant.options().isPresent());
    }

    static Map<String, Object> parameters(Function variant, Definition definition) {
        return Bindings.parameters(
                Messages.handle(definition.id(), definition.wire().handle()), variant.params());
    }
}
