// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What {@code RUN --mount} shows to its command.
 *
 * @param type {@code bind} for files, {@code cache} for a directory that all commands of a layer share, {@code tmpfs} for memory,
 *     {@code secret} for a secret's variable as a file
 * @param target absolute; empty for a secret that is a variable only
 * @param source of {@code bind}: a path in what it comes from
 * @param from of {@code bind}: a stage; empty for the context
 * @param id of {@code cache}, and of {@code secret} the variable's name
 * @param variable of {@code secret}: the command has it as a variable of this name; empty: it does not
 * @param required of {@code secret}: whether the command cannot do without
 * @param owner user and group, as numbers
 * @param mode permissions, octal
 */
record RunMount(
        String type,
        String target,
        String source,
        String from,
        String id,
        String variable,
        boolean required,
        String owner,
        String mode) {

    private static final String SECRETS = "/run/secrets/";

    /** Of a user or group: below 65536. */
    private static final String NUMBER = "[0-5]?\\d{1,4}|6[0-4]\\d{3}|65[0-4]\\d{2}|655[0-2]\\d|6553[0-5]";

    private static final Map<String, String> SHORT =
            Map.of("dst", "target", "destination", "target", "src", "source", "ro", "readonly");

    /** Options of each type that mean something here, or nothing: all that is shown is read-only where it may be. */
    private static final Map<String, Set<String>> KNOWN = Map.of(
            "bind", Set.of("type", "target", "source", "from", "readonly"),
            "cache", Set.of("type", "target", "id", "sharing", "mode", "uid", "gid"),
            "tmpfs", Set.of("type", "target", "size"),
            "secret", Set.of("type", "target", "id", "required", "env", "mode", "uid", "gid"));

    /** Why an option cannot be read; a reader adds the line. */
    static final class Unreadable extends Exception {
        private static final long serialVersionUID = 1;

        Unreadable(String why) {
            super(why);
        }
    }

    /**
     * @param text {@code type=cache,target=/root/.cache}
     * @param directory from where a relative target counts
     */
    static RunMount read(String text, String directory) throws Unreadable {
        var options = new HashMap<String, String>();
        for (var part : List.of(text.split(","))) {
            int equals = part.indexOf('=');
            var name = equals < 0 ? part : part.substring(0, equals);
            options.put(SHORT.getOrDefault(name, name), equals < 0 ? "true" : part.substring(equals + 1));
        }
        var type = options.getOrDefault("type", "bind");
        var known = KNOWN.get(type);
        if (known == null) {
            throw new Unreadable("mounts of type %s are not supported".formatted(type));
        }
        for (var name : options.keySet()) {
            if (!known.contains(name)) {
                throw new Unreadable("the option %s of a mount of type %s is not supported".formatted(name, type));
            }
        }
        if (!options.getOrDefault("readonly", "true").equals("true")) {
            throw new Unreadable("a mount of type bind is read-only");
        }
        var id = options.getOrDefault("id", "");
        if (type.equals("secret") && id.isEmpty()) {
            throw new Unreadable("a mount of type secret needs an id: the name of a variable of the build's secrets");
        }
        var variable = options.getOrDefault("env", "");
        var usual = type.equals("secret") && variable.isEmpty() ? SECRETS + id : "";
        var target = options.getOrDefault("target", usual);
        if (target.isEmpty() && variable.isEmpty()) {
            throw new Unreadable("a mount needs a target");
        }
        var mode = number(options, "mode", type.equals("secret") ? "0400" : "0755", "[0-7]{3,4}");
        var place =
                target.isEmpty() || target.startsWith("/") ? target : directory.replaceFirst("/$", "") + "/" + target;
        return new RunMount(
                type,
                place,
                options.getOrDefault("source", "/"),
                options.getOrDefault("from", ""),
                id.isEmpty() ? place : id,
                variable,
                Boolean.parseBoolean(options.getOrDefault("required", "false")),
                number(options, "uid", "0", NUMBER) + ":" + number(options, "gid", "0", NUMBER),
                mode);
    }

    private static String number(Map<String, String> options, String name, String usual, String form)
            throws Unreadable {
        var value = options.getOrDefault(name, usual);
        if (!value.matches(form)) {
            throw new Unreadable("%s=%s is not understood".formatted(name, value));
        }
        return value;
    }

    RunMount from(String stage) {
        return new RunMount(type, target, source, stage, id, variable, required, owner, mode);
    }

    JsonObject toJson() {
        return Json.createObjectBuilder()
                .add("type", type)
                .add("target", target)
                .add("source", source)
                .add("from", from)
                .add("id", id)
                .add("variable", variable)
                .add("required", required)
                .add("owner", owner)
                .add("mode", mode)
                .build();
    }
}
