// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import serai.local.doc.Json;
import serai.local.job.Job;
import serai.local.job.JobForm;
import serai.local.plan.Node;
import serai.local.state.Alloc;

class PodmanConfigTest {
    private static final String IMAGE = "registry.example/serai@sha256:" + "a".repeat(64);
    private static final AllocDir DIR = new AllocDir(Path.of("/data/alloc/0123"));
    private static final List<String> MACHINE =
            List.of("--runtime", "runc", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024");

    private static PodmanConfig config(Object... config) throws SetupException {
        return config(Json.object("CPU", 500, "MemoryMB", 128), config);
    }

    private static PodmanConfig config(ObjectNode resources, Object... config) throws SetupException {
        ObjectNode all = Json.object("image", IMAGE);
        all.setAll(Json.object(config));
        Job job = JobForm.request(Json.object(
                        "Job",
                        Json.object(
                                "ID",
                                "j",
                                "TaskGroups",
                                List.of(Json.object(
                                        "Name",
                                        "g",
                                        "Tasks",
                                        List.of(Json.object(
                                                "Name",
                                                "t",
                                                "Driver",
                                                "podman",
                                                "Config",
                                                all,
                                                "Resources",
                                                resources,
                                                "Env",
                                                Map.of("WORD", "hello"))))))))
                .job()
                .orElseThrow();
        Job.Group group = job.groups().getFirst();
        Job.Task task = group.tasks().getFirst();
        Alloc alloc =
                new Alloc(Json.object("ID", "0123456789", "Name", "j.g[4]", "Namespace", "default", "Job", job.doc()));
        Node node = new Node(Json.object("Datacenter", "dc1"));
        return PodmanConfig.of(
                task, new TaskEnv(alloc, group, task, node, DIR, Map.of("HOME", "/root"), Optional.empty()));
    }

    private static List<String> words(PodmanConfig config) {
        return config.words(MACHINE, DIR, 2, 5000);
    }

    /** The values that an option has. */
    private static List<String> values(PodmanConfig config, String option) {
        List<String> words = words(config);
        return java.util.stream.IntStream.range(0, words.size())
                .filter(i -> words.get(i).equals(option))
                .mapToObj(i -> words.get(i + 1))
                .toList();
    }

    @Test
    void anImageAlone_getsItsMemoryItsSharesAndTheAllocationsDirectories() throws SetupException {
        assertThat(words(config()))
                .containsExactly(
                        "--runtime",
                        "runc",
                        "--ulimit",
                        "nofile=1024:1024",
                        "--ulimit",
                        "nproc=1024:1024",
                        "--memory",
                        "128m",
                        "--memory-swap",
                        "128m",
                        "--cpu-shares",
                        "500",
                        "--volume",
                        "/data/alloc/0123/alloc:/alloc",
                        "--volume",
                        "/data/alloc/0123/t/local:/local",
                        "--volume",
                        "/data/alloc/0123/t/secrets:/secrets",
                        IMAGE);
    }

    @Test
    void commandAndArgumentsFollowTheImage_withReferencesReplaced() throws SetupException {
        assertThat(words(config("command", "python3", "args", List.of("/local/x.pyz", "${WORD}", "${HOME}"))))
                .endsWith(IMAGE, "python3", "/local/x.pyz", "hello", "${HOME}");
        assertThat(values(config("entrypoint", List.of("/bin/sh", "-c")), "--entrypoint"))
                .containsExactly("[\"/bin/sh\",\"-c\"]");
        assertThat(values(config("entrypoint", "/init"), "--entrypoint")).containsExactly("[\"/init\"]");
    }

    @Test
    void aRelativeHostPathIsOneOfTheTasksDirectory() throws SetupException {
        assertThat(values(config("volumes", List.of("local/x:/x:ro", "/etc/ssl:/etc/ssl:ro")), "--volume"))
                .contains("/data/alloc/0123/t/local/x:/x:ro", "/etc/ssl:/etc/ssl:ro");
    }

    @Test
    void theJobsOwnLimitsReplaceThoseOfTheMachine() throws SetupException {
        assertThat(values(config("ulimit", List.of(Map.of("nofile", "99:100"))), "--ulimit"))
                .containsExactly("nproc=1024:1024", "nofile=99:100");
    }

    @Test
    void aRootThatIsReadOnly_isSoEverywhere() throws SetupException {
        assertThat(words(config("readonly_rootfs", true))).contains("--read-only", "--read-only-tmpfs=false");
        assertThat(words(config("readonly_rootfs", false))).doesNotContain("--read-only");
    }

    @Test
    void ofTwoMemoryLimitsTheGreaterOneHolds_andTheOtherIsReserved() throws SetupException {
        PodmanConfig config = config(Json.object("CPU", 500, "MemoryMB", 128, "MemoryMaxMB", 256));
        assertThat(values(config, "--memory")).containsExactly("256m");
        assertThat(values(config, "--memory-swap")).containsExactly("256m");
        assertThat(values(config, "--memory-reservation")).containsExactly("128m");
    }

    @Test
    void aHardCpuLimitIsItsPartOfTheMachine() throws SetupException {
        PodmanConfig config = config("cpu_hard_limit", true);
        assertThat(values(config, "--cpu-period")).containsExactly("100000");
        assertThat(values(config, "--cpu-quota")).containsExactly("20000"); // 500 of 5000 MHz, of two cores
    }

    @Test
    void blocksMayComeAsOneMapOrAsAList() throws SetupException {
        for (Object auth : List.of(
                Map.of("username", "ada", "password", "p", "tls_verify", false),
                List.of(Map.of("username", "ada", "password", "p", "tls_verify", false)))) {
            PodmanConfig config = config("auth", auth);
            assertThat(config.credentials()).contains("ada:p");
            assertThat(config.verifiesTls()).isFalse();
        }
        assertThat(config().credentials()).isEmpty();
        assertThat(config().verifiesTls()).isTrue();
        assertThat(values(config("labels", Map.of("a", "b")), "--label")).containsExactly("a=b");
    }

    @Test
    void aPullTakesFiveMinutesAtMostUnlessTheJobSaysOtherwise() throws SetupException {
        assertThat(config().pullTimeout()).contains(Duration.ofMinutes(5));
        assertThat(config("image_pull_timeout", "1m30s").pullTimeout()).contains(Duration.ofSeconds(90));
    }

    @Test
    void whatIsUnknownMissingOrOfAnotherType_isRefusedByItsName() {
        Map<List<Object>, String> wrong = Map.of(
                List.of("colour", "red"), "\"colour\"",
                List.of("port_map", List.of()), "\"port_map\"",
                List.of("auth", Map.of("token", "x")), "\"auth.token\"",
                List.of("args", "x"), "\"args\": list of string required",
                List.of("force_pull", "yes"), "\"force_pull\": bool required",
                List.of("volumes", List.of("/only")), "\"/only\"",
                List.of("image", ""), "\"image\" is required",
                List.of("image", "oci-archive:/x.tar"), "oci-archive:/x.tar",
                List.of("image_pull_timeout", "soon"), "\"soon\"");
        wrong.forEach((config, name) -> assertThatThrownBy(() -> config(config.toArray()))
                .as(name)
                .isInstanceOf(SetupException.class)
                .hasMessageContaining("failed to parse config")
                .hasMessageContaining(name));
    }
}
