// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** What the environment asks for. An empty variable is one that is not set. */
record Settings(Map<String, String> environment) {
    Settings {
        environment = Map.copyOf(environment);
    }

    static Settings ofProcess() {
        return new Settings(System.getenv());
    }

    Optional<String> text(String name) {
        return Optional.ofNullable(environment.get(name)).map(String::strip).filter(value -> !value.isEmpty());
    }

    OptionalInt port(String name) {
        var text = text(name);
        if (text.isEmpty()) {
            return OptionalInt.empty();
        }
        try {
            int port = Integer.parseInt(text.get());
            if (port > 0 && port < 65536) {
                return OptionalInt.of(port);
            }
        } catch (NumberFormatException e) {
            throw Failure.from(e, "%s=%s is not a port number", name, text.get());
        }
        throw Failure.because("%s=%s is not a port number", name, text.get());
    }

    /** Whether the person has agreed beforehand to what we would otherwise only propose. */
    boolean yes() {
        return text("SERAI_YES").filter("1"::equals).isPresent();
    }
}
