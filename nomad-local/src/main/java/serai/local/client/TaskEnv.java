// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import serai.local.doc.Json;
import serai.local.job.Job;
import serai.local.plan.Node;
import serai.local.state.Alloc;

/** What a task finds in its environment, and what {@code ${...}} stands for in its configuration. */
final class TaskEnv {
    private static final Pattern REFERENCE = Pattern.compile("\\$\\{([^${}]+)\\}");
    private static final Pattern QUOTED = Pattern.compile("env\\[\"([^\"]*)\"\\]");

    private final Map<String, String> variables = new LinkedHashMap<>();
    /** Where the directories that the task knows by variables are on the machine. */
    private final Map<String, String> directories;

    private final Map<String, String> inherited;
    private final Node node;

    /**
     * @param inherited the agent's own environment
     * @param devices where device nodes of stand-ins are; empty for /
     */
    TaskEnv(
            Alloc alloc,
            Job.Group group,
            Job.Task task,
            Node node,
            AllocDir dir,
            Map<String, String> inherited,
            Optional<Path> devices) {
        this.node = node;
        boolean isContainer = task.driver().equals(PodmanTask.NAME);
        this.inherited = isContainer ? Map.of() : inherited; // an image has its own
        this.directories = Map.of(
                "NOMAD_ALLOC_DIR", dir.shared().toString(),
                "NOMAD_TASK_DIR", dir.local(task.name()).toString(),
                "NOMAD_SECRETS_DIR", dir.secrets(task.name()).toString());
        Job job = alloc.job();
        directories.forEach((name, place) -> put(name, isContainer ? PodmanTask.BOUND.get(name) : place));
        put("NOMAD_ALLOC_ID", alloc.id());
        put("NOMAD_SHORT_ALLOC_ID", alloc.id().substring(0, 8));
        put("NOMAD_ALLOC_NAME", alloc.name());
        put("NOMAD_ALLOC_INDEX", Integer.toString(alloc.index()));
        put("NOMAD_TASK_NAME", task.name());
        put("NOMAD_GROUP_NAME", group.name());
        put("NOMAD_JOB_ID", job.id());
        put("NOMAD_JOB_NAME", Json.text(job.doc(), "Name"));
        put("NOMAD_NAMESPACE", alloc.namespace());
        put("NOMAD_REGION", "global");
        put("NOMAD_DC", node.datacenter());
        put("NOMAD_CPU_LIMIT", Integer.toString(task.cpu()));
        put("NOMAD_CPU_CORES", "");
        put("NOMAD_MEMORY_LIMIT", Integer.toString(task.memoryMb()));
        if (task.memoryMaxMb() > 0) {
            put("NOMAD_MEMORY_MAX_LIMIT", Integer.toString(task.memoryMaxMb()));
        }
        Json.at(alloc.doc(), "AllocatedResources", "Shared", "Ports").forEach(this::port);
        Json.at(alloc.doc(), "AllocatedResources", "Tasks", task.name(), "Devices")
                .forEach(given -> device(given, devices));
        meta(job.doc().path("Meta"));
        meta(group.doc().path("Meta"));
        meta(task.doc().path("Meta"));
        task.doc()
                .path("Env")
                .properties()
                .forEach(e -> put(e.getKey(), resolve(e.getValue().asText())));
    }

    private void put(String name, String value) {
        variables.put(name, value);
    }

    private void port(JsonNode port) {
        String label = Json.text(port, "Label");
        String ip = Json.text(port, "HostIP");
        String value = port.path("Value").asText();
        for (String host : new String[] {"", "HOST_"}) {
            put("NOMAD_" + host + "IP_" + label, ip);
            put("NOMAD_" + host + "PORT_" + label, value);
            put("NOMAD_" + host + "ADDR_" + label, ip + ":" + value);
        }
        put("NOMAD_ALLOC_PORT_" + label, value);
    }

    /** As NVIDIA's plugin does it; of several requests the last one's are seen. */
    private void device(JsonNode given, Optional<Path> root) {
        if (!Json.text(given, "Vendor").equals("nvidia")) {
            return;
        }
        put(
                "NVIDIA_VISIBLE_DEVICES",
                Json.each(given.path("DeviceIDs")).map(JsonNode::asText).collect(Collectors.joining(",")));
        root.ifPresent(path -> put("NVIDIA_DEV_ROOT", path.toString()));
    }

    /** Twice: as it is spelled and in capitals. */
    private void meta(JsonNode meta) {
        meta.properties().forEach(entry -> {
            String value = resolve(entry.getValue().asText());
            put("NOMAD_META_" + entry.getKey(), value);
            put("NOMAD_META_" + entry.getKey().toUpperCase(Locale.ROOT), value);
        });
    }

    /** References that stand for nothing are left as they are. */
    String resolve(String text) {
        return resolve(text, this::lookup);
    }

    /** A path on the machine, for what is laid into the task's directories before it starts. */
    String place(String path) {
        return resolve(
                path,
                reference -> Optional.ofNullable(directories.get(reference)).or(() -> lookup(reference)));
    }

    private static String resolve(String text, Function<String, Optional<String>> meaning) {
        if (text.indexOf('$') < 0) {
            return text;
        }
        return REFERENCE
                .matcher(text)
                .replaceAll(match -> Matcher.quoteReplacement(
                        meaning.apply(match.group(1).strip()).orElse(match.group())));
    }

    private Optional<String> lookup(String reference) {
        Matcher quoted = QUOTED.matcher(reference);
        if (quoted.matches()) {
            return Optional.of(variable(quoted.group(1)).orElse(""));
        }
        return node.property(reference).or(() -> Optional.ofNullable(variables.get(reference)));
    }

    Optional<String> variable(String name) {
        return Optional.ofNullable(variables.get(name)).or(() -> Optional.ofNullable(inherited.get(name)));
    }

    /** What the job and the agent add to the environment that is there. */
    Map<String, String> own() {
        Map<String, String> own = new LinkedHashMap<>();
        variables.forEach((name, value) -> {
            if (!name.isEmpty() && name.indexOf('=') < 0 && name.indexOf('\0') < 0) {
                own.put(name, value);
            }
        });
        return own;
    }

    /** The whole environment of the process. */
    Map<String, String> all() {
        Map<String, String> all = new LinkedHashMap<>(inherited);
        all.putAll(own());
        return all;
    }
}
