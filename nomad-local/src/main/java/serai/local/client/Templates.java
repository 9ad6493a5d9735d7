// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import serai.local.client.SetupException.Kind;

/**
 * A small part of Nomad's template language: plain text, {@code {{ env "NAME" }}}, and
 * {@code {{ with nomadVar "path" }}…{{ .key }}…{{ end }}}; with trim marks and comments. Anything else is refused.
 */
final class Templates {
    private static final Pattern ENV = Pattern.compile("env\\s+\"([^\"]*)\"");
    private static final Pattern WITH = Pattern.compile("with\\s+nomadVar\\s+\"([^\"]*)\"");
    private static final Pattern KEY = Pattern.compile("\\.([A-Za-z0-9_]+)(?:\\.Value)?");
    private static final String FORMS =
            "supported are plain text, {{ env \"NAME\" }} and {{ with nomadVar \"path\" }}{{ .key }}{{ end }}";

    private Templates() {}

    /** A variable that is not there yet: the task waits for it. */
    static final class MissingVariableException extends Exception {
        private static final long serialVersionUID = 1;
        final String path;

        MissingVariableException(String path) {
            super("Missing: nomad.var.block(" + path + ")");
            this.path = path;
        }
    }

    private sealed interface Part {
        record Text(String text) implements Part {}

        record Action(String text) implements Part {}
    }

    /** @param variables the items at a path */
    static String render(
            String template, String left, String right, TaskEnv env, Function<String, Optional<JsonNode>> variables)
            throws SetupException, MissingVariableException {
        StringBuilder out = new StringBuilder();
        JsonNode scope = null;
        for (Part part : parts(template, left, right)) {
            switch (part) {
                case Part.Text(String text) -> out.append(text);
                case Part.Action(String action) -> {
                    Matcher with = WITH.matcher(action);
                    Matcher read = ENV.matcher(action);
                    Matcher key = KEY.matcher(action);
                    if (with.matches() && scope == null) {
                        String path = env.resolve(with.group(1));
                        scope = variables.apply(path).orElse(null);
                        if (scope == null) {
                            throw new MissingVariableException(path);
                        }
                    } else if (action.equals("end") && scope != null) {
                        scope = null;
                    } else if (key.matches() && scope != null) {
                        out.append(value(scope, key.group(1)));
                    } else if (read.matches()) {
                        out.append(env.variable(read.group(1)).orElse(""));
                    } else {
                        throw refused(left + " " + action + " " + right);
                    }
                }
            }
        }
        if (scope != null) {
            throw refused("a {{ with }} without its {{ end }}");
        }
        return out.toString();
    }

    private static String value(JsonNode items, String key) throws SetupException {
        if (!items.has(key)) {
            throw new SetupException(Kind.SETUP, "Template failed: the variable has no item \"" + key + "\"");
        }
        return items.get(key).asText();
    }

    private static List<Part> parts(String template, String left, String right) throws SetupException {
        List<Part> parts = new ArrayList<>();
        int at = 0;
        while (true) {
            int open = template.indexOf(left, at);
            if (open < 0) {
                parts.add(new Part.Text(template.substring(at)));
                return parts;
            }
            int close = template.indexOf(right, open);
            if (close < 0) {
                throw refused("an action that is not closed");
            }
            String action = template.substring(open + left.length(), close);
            String before = template.substring(at, open);
            at = close + right.length();
            if (action.startsWith("- ")) {
                action = action.substring(2);
                before = before.stripTrailing();
            }
            if (action.endsWith(" -")) {
                action = action.substring(0, action.length() - 2);
                while (at < template.length() && Character.isWhitespace(template.charAt(at))) {
                    at++;
                }
            }
            parts.add(new Part.Text(before));
            if (!action.strip().startsWith("/*")) {
                parts.add(new Part.Action(action.strip()));
            }
        }
    }

    private static SetupException refused(String what) {
        return new SetupException(
                Kind.SETUP, "Template failed: nomad-local does not know %s; %s".formatted(what, FORMS));
    }
}
