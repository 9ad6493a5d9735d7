// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.deployment;

import java.util.List;
import java.util.regex.Pattern;
import serai.problem.Problem;

/**
 * Where a function's code is: a name at the top level of a module.
 *
 * @param module with dots
 */
record Handler(String module, String name) {
    static final Pattern FORM = Pattern.compile("([A-Za-z_]\\w*(?:\\.[A-Za-z_]\\w*)*)[.:]([A-Za-z_]\\w*)");

    /** @param text that matches {@link #FORM} */
    static Handler of(String text) {
        var form = FORM.matcher(text);
        if (!form.matches()) {
            throw new IllegalArgumentException(text);
        }
        return new Handler(form.group(1), form.group(2));
    }

    /**
     * Looks without running anything: for the module's file, and in it for a line that gives the name a value. A name
     * that comes from {@code import *} is not found.
     *
     * @param field of the request, for a refusal
     * @throws serai.problem.ProblemException {@link Problem#HANDLER_NOT_FOUND}
     */
    void mustBeIn(Sources sources, String field) {
        var file = module.replace('.', '/');
        var candidates = List.of(file + ".py", file + "/__init__.py");
        var source = candidates.stream()
                .filter(path -> sources.text(path).isPresent())
                .findFirst();
        if (source.isEmpty()) {
            throw Problem.HANDLER_NOT_FOUND.because(
                    "%s: \"%s:%s\" needs %s or %s, and the sources have neither",
                    field, module, name, candidates.getFirst(), candidates.getLast());
        }
        var text = sources.text(source.get()).orElseThrow();
        if (topLevel("class\\s+%s\\b").matcher(text).find()) {
            throw Problem.FEATURE_UNSUPPORTED.because(
                    "%s: \"%s\" in %s is a class; over REST functions can be deployed", field, name, source.get());
        }
        if (!isDefined(text)) {
            throw Problem.HANDLER_NOT_FOUND.because(
                    "%s: %s defines no \"%s\" at its top level", field, source.get(), name);
        }
    }

    private boolean isDefined(String text) {
        return topLevel("(?:async\\s+)?def\\s+%s\\s*[(\\[]").matcher(text).find()
                || topLevel("%s\\s*(?::[^=\\n]*)?=(?!=)").matcher(text).find()
                || topLevel("(?:from\\s+\\S+\\s+)?import\\b[^#\\n]*\\b%s\\b")
                        .matcher(text)
                        .find()
                || topLevel("from\\s+\\S+\\s+import\\s*\\([^)]*\\b%s\\b")
                        .matcher(text)
                        .find();
    }

    private Pattern topLevel(String form) {
        return Pattern.compile("^" + form.formatted(name), Pattern.MULTILINE);
    }
}
