// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import serai.local.client.SetupException.Kind;
import serai.local.doc.GoDuration;
import serai.local.doc.Json;
import serai.local.job.Job;

/** A task's configuration for podman, in the names of Nomad's plugin, and the words for the program that it comes to. */
final class PodmanConfig {
    /** What a key's value is. */
    private enum Type {
        TEXT,
        NUMBER,
        FLAG,
        TEXTS,
        /** One string is a list of one. */
        WORDS,
        /** One or several maps, as HCL's blocks come out in JSON. */
        PAIRS,
        AUTH
    }

    /** Keys that are handed on as they are, with the option's name. */
    private static final Map<String, String> OPTIONS = new TreeMap<>(Map.ofEntries(
            Map.entry("cap_add", "--cap-add"),
            Map.entry("cap_drop", "--cap-drop"),
            Map.entry("devices", "--device"),
            Map.entry("extra_hosts", "--add-host"),
            Map.entry("hostname", "--hostname"),
            Map.entry("init", "--init"),
            Map.entry("labels", "--label"),
            Map.entry("memory_reservation", "--memory-reservation"),
            Map.entry("network_mode", "--network"),
            Map.entry("pids_limit", "--pids-limit"),
            Map.entry("privileged", "--privileged"),
            Map.entry("security_opt", "--security-opt"),
            Map.entry("shm_size", "--shm-size"),
            Map.entry("sysctl", "--sysctl"),
            Map.entry("tmpfs", "--tmpfs"),
            Map.entry("ulimit", "--ulimit"),
            Map.entry("userns", "--userns"),
            Map.entry("working_dir", "--workdir")));

    private static final Map<String, Type> TYPES = Map.ofEntries(
            Map.entry("args", Type.TEXTS),
            Map.entry("auth", Type.AUTH),
            Map.entry("cap_add", Type.TEXTS),
            Map.entry("cap_drop", Type.TEXTS),
            Map.entry("command", Type.TEXT),
            Map.entry("cpu_cfs_period", Type.NUMBER),
            Map.entry("cpu_hard_limit", Type.FLAG),
            Map.entry("devices", Type.TEXTS),
            Map.entry("entrypoint", Type.WORDS),
            Map.entry("extra_hosts", Type.TEXTS),
            Map.entry("force_pull", Type.FLAG),
            Map.entry("hostname", Type.TEXT),
            Map.entry("image", Type.TEXT),
            Map.entry("image_pull_timeout", Type.TEXT),
            Map.entry("init", Type.FLAG),
            Map.entry("labels", Type.PAIRS),
            Map.entry("memory_reservation", Type.TEXT),
            Map.entry("memory_swap", Type.TEXT),
            Map.entry("network_mode", Type.TEXT),
            Map.entry("pids_limit", Type.NUMBER),
            Map.entry("privileged", Type.FLAG),
            Map.entry("readonly_rootfs", Type.FLAG),
            Map.entry("security_opt", Type.TEXTS),
            Map.entry("shm_size", Type.TEXT),
            Map.entry("sysctl", Type.PAIRS),
            Map.entry("tmpfs", Type.TEXTS),
            Map.entry("ulimit", Type.PAIRS),
            Map.entry("userns", Type.TEXT),
            Map.entry("volumes", Type.TEXTS),
            Map.entry("working_dir", Type.TEXT));

    private static final Set<String> AUTH = Set.of("username", "password", "tls_verify");
    private static final Pattern ARCHIVE = Pattern.compile("(oci|docker)-archive:.*");
    /** The kernel's, in microseconds. */
    private static final long PERIOD = 100_000;

    private final Job.Task task;
    private final TaskEnv env;
    private final JsonNode config;

    private PodmanConfig(Job.Task task, TaskEnv env) {
        this.task = task;
        this.env = env;
        this.config = task.config();
    }

    /** @throws SetupException that names the key which is unknown, missing or of another type */
    static PodmanConfig of(Job.Task task, TaskEnv env) throws SetupException {
        PodmanConfig config = new PodmanConfig(task, env);
        config.check();
        return config;
    }

    private void check() throws SetupException {
        for (var entry : config.properties()) {
            Type type = TYPES.get(entry.getKey());
            if (type == null) {
                throw invalid("Invalid label: No argument or block type is named \"%s\".".formatted(entry.getKey()));
            }
            if (!fits(type, entry.getValue())) {
                throw invalid("Incorrect attribute value type: Inappropriate value for attribute \"%s\": %s required."
                        .formatted(entry.getKey(), wanted(type)));
            }
        }
        for (JsonNode auth : blocks("auth")) {
            for (var entry : auth.properties()) {
                if (!AUTH.contains(entry.getKey())) {
                    throw invalid(
                            "Invalid label: No argument or block type is named \"auth.%s\".".formatted(entry.getKey()));
                }
            }
        }
        if (text("image").isEmpty()) {
            throw invalid(
                    "Missing required argument: The argument \"image\" is required, but no definition was found.");
        }
        if (ARCHIVE.matcher(image()).matches()) {
            throw invalid(
                    "nomad-local runs images of registries and of podman's own store; archives such as \"%s\" are not loaded"
                            .formatted(image()));
        }
        if (pullTimeout().isEmpty()) {
            throw invalid(
                    "image_pull_timeout \"%s\" is not a duration such as \"5m\"".formatted(text("image_pull_timeout")));
        }
        for (String volume : texts("volumes")) {
            if (volume.split(":", -1).length < 2 || volume.split(":", -1).length > 3) {
                throw invalid("volumes: \"%s\" is not of the form host:container or host:container:options"
                        .formatted(volume));
            }
        }
    }

    private static SetupException invalid(String what) {
        return new SetupException(
                Kind.VALIDATION, "2 errors occurred:\n\t* failed to parse config: \n\t* %s\n\n".formatted(what));
    }

    private static boolean fits(Type type, JsonNode value) {
        return value.isNull()
                || switch (type) {
                    case TEXT -> value.isTextual();
                    case NUMBER -> value.isIntegralNumber();
                    case FLAG -> value.isBoolean();
                    case TEXTS -> areTexts(value);
                    case WORDS -> value.isTextual() || areTexts(value);
                    case PAIRS, AUTH ->
                        value.isObject() || value.isArray() && Json.each(value).allMatch(JsonNode::isObject);
                };
    }

    private static boolean areTexts(JsonNode value) {
        return value.isArray() && Json.each(value).allMatch(JsonNode::isTextual);
    }

    private static String wanted(Type type) {
        return switch (type) {
            case TEXT -> "string";
            case NUMBER -> "number";
            case FLAG -> "bool";
            case TEXTS, WORDS -> "list of string";
            case PAIRS -> "list of map of string";
            case AUTH -> "block";
        };
    }

    String image() {
        return text("image").replaceFirst("^docker:(//)?", "");
    }

    boolean pullsAlways() {
        return config.path("force_pull").asBoolean();
    }

    boolean verifiesTls() {
        return blocks("auth").stream().allMatch(auth -> auth.path("tls_verify").asBoolean(true));
    }

    /** Name and password, with a colon between them; empty for an image that everybody may read. */
    Optional<String> credentials() {
        return blocks("auth").stream()
                .filter(auth -> auth.has("username"))
                .map(auth -> env.resolve(Json.text(auth, "username")) + ":" + env.resolve(Json.text(auth, "password")))
                .findFirst();
    }

    /** Empty if what is asked for is no duration. */
    Optional<Duration> pullTimeout() {
        String asked = text("image_pull_timeout");
        return asked.isEmpty() ? Optional.of(Duration.ofMinutes(5)) : GoDuration.parse(asked);
    }

    /**
     * The options and words of {@code podman create} that come from the job.
     *
     * @param machine options that every container needs here
     * @param fullMhz of all cores together, which the job's CPU is a part of
     */
    List<String> words(List<String> machine, AllocDir dir, int cores, long fullMhz) {
        List<String> words = new ArrayList<>(withoutLimitsOfTheJob(machine));
        words.addAll(resources(cores, fullMhz));
        words.addAll(volumes(dir));
        if (config.path("readonly_rootfs").asBoolean()) {
            words.addAll(List.of("--read-only", "--read-only-tmpfs=false")); // podman would make /tmp and /run writable
        }
        OPTIONS.forEach((key, option) -> words.addAll(given(key, option)));
        if (config.hasNonNull("entrypoint")) {
            words.addAll(List.of(
                    "--entrypoint", Json.MAPPER.valueToTree(texts("entrypoint")).toString()));
        }
        words.add(image());
        if (!text("command").isEmpty()) {
            words.add(text("command"));
        }
        words.addAll(texts("args"));
        return words;
    }

    private List<String> withoutLimitsOfTheJob(List<String> machine) {
        Set<String> own = pairs("ulimit").keySet();
        List<String> words = new ArrayList<>();
        for (int i = 0; i < machine.size(); i += 2) {
            String value = machine.get(i + 1);
            if (!machine.get(i).equals("--ulimit") || !own.contains(value.split("=", 2)[0])) {
                words.addAll(List.of(machine.get(i), value));
            }
        }
        return words;
    }

    private List<String> resources(int cores, long fullMhz) {
        int most = Math.max(task.memoryMb(), task.memoryMaxMb());
        List<String> words = new ArrayList<>(List.of(
                "--memory",
                most + "m",
                "--memory-swap",
                text("memory_swap").isEmpty() ? most + "m" : text("memory_swap"),
                "--cpu-shares",
                Integer.toString(Math.max(2, task.cpu()))));
        if (most > task.memoryMb() && text("memory_reservation").isEmpty()) {
            words.addAll(List.of("--memory-reservation", task.memoryMb() + "m"));
        }
        if (config.path("cpu_hard_limit").asBoolean()) {
            long period = Math.clamp(config.path("cpu_cfs_period").asLong(PERIOD), 1_000, 1_000_000);
            long quota = Math.max(1_000, period * cores * task.cpu() / Math.max(1, fullMhz));
            words.addAll(List.of("--cpu-period", Long.toString(period), "--cpu-quota", Long.toString(quota)));
        }
        return words;
    }

    private List<String> volumes(AllocDir dir) {
        Path home = dir.task(task.name());
        List<String> words = new ArrayList<>(List.of(
                "--volume", dir.shared() + ":" + PodmanTask.BOUND.get("NOMAD_ALLOC_DIR"),
                "--volume", dir.local(task.name()) + ":" + PodmanTask.BOUND.get("NOMAD_TASK_DIR"),
                "--volume", dir.secrets(task.name()) + ":" + PodmanTask.BOUND.get("NOMAD_SECRETS_DIR")));
        for (String volume : texts("volumes")) {
            String[] parts = volume.split(":", 2);
            words.addAll(List.of("--volume", home.resolve(parts[0]).normalize() + ":" + parts[1]));
        }
        return words;
    }

    private List<String> given(String key, String option) {
        if (!config.hasNonNull(key)) {
            return List.of();
        }
        return switch (TYPES.get(key)) {
            case FLAG -> config.path(key).asBoolean() ? List.of(option) : List.of();
            case NUMBER -> List.of(option, config.path(key).asText());
            case TEXT -> text(key).isEmpty() ? List.of() : List.of(option, text(key));
            case TEXTS ->
                texts(key).stream().flatMap(text -> Stream.of(option, text)).toList();
            case PAIRS ->
                pairs(key).entrySet().stream()
                        .flatMap(pair -> Stream.of(option, pair.getKey() + "=" + pair.getValue()))
                        .toList();
            case WORDS, AUTH -> throw new IllegalStateException(key);
        };
    }

    private String text(String key) {
        return env.resolve(config.path(key).asText(""));
    }

    private List<String> texts(String key) {
        JsonNode value = config.path(key);
        return value.isTextual()
                ? List.of(env.resolve(value.asText()))
                : Json.each(value).map(text -> env.resolve(text.asText())).toList();
    }

    private Map<String, String> pairs(String key) {
        Map<String, String> pairs = new LinkedHashMap<>();
        blocks(key)
                .forEach(block -> block.properties()
                        .forEach(pair -> pairs.put(
                                pair.getKey(), env.resolve(pair.getValue().asText()))));
        return pairs;
    }

    private List<JsonNode> blocks(String key) {
        JsonNode value = config.path(key);
        return value.isObject() ? List.of(value) : Json.each(value).toList();
    }
}
