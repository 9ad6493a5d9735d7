// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.function;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import serai.app.App;
import serai.model.Entities;

/** {@link Functions} in memory: one definition for each, which never changes. */
public final class ModelFunctions extends Functions {
    private final Map<String, Function> functions = new TreeMap<>();
    private final Map<String, Definition> definitions = new TreeMap<>();

    /** A function that is published. */
    public Function add(App app, String id, Definition.Duties duties) {
        var function = Entities.with(new Function(app, "f"), "id", id);
        var wire = new Definition.Wire(new byte[0], new byte[0], new byte[0]);
        var definition = Entities.with(new Definition(id, wire, duties), "id", "de-" + id);
        function.run(definition);
        functions.put(id, function);
        definitions.put(definition.id(), definition);
        return function;
    }

    @Override
    public Optional<Function> find(String id) {
        return Optional.ofNullable(functions.get(id));
    }

    @Override
    public Definition definition(String id) {
        return Optional.ofNullable(definitions.get(id)).orElseThrow();
    }
}
