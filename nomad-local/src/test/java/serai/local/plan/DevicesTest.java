// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.plan;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import serai.local.doc.Json;
import serai.local.job.Job;
import serai.local.job.JobForm;
import serai.local.plan.Devices.Answer.Given;
import serai.local.plan.Devices.Answer.Short;

class DevicesTest {
    private static final Node NODE = new Node(Json.object(
            "NodeResources",
            Json.object(
                    "Devices",
                    List.of(
                            group("NVIDIA H100 80GB HBM3", "81559 MiB", List.of("h1", "h2", "h3", "h4"), "h3"),
                            group("NVIDIA A100-SXM4-40GB", "40960 MiB", List.of("a1", "a2"), ""),
                            group("Tesla T4", "15109 MiB", List.of("t1"), "")))));

    private static ObjectNode group(String name, String memory, List<String> ids, String ill) {
        return Json.object(
                "Vendor",
                "nvidia",
                "Type",
                "gpu",
                "Name",
                name,
                "Attributes",
                Map.of("memory", Quantity.parse(memory).doc()),
                "Instances",
                ids.stream()
                        .map(id -> Json.object("ID", id, "Healthy", !id.equals(ill)))
                        .toList());
    }

    private static Job.Group asking(Object... requests) {
        ObjectNode group = Json.object(
                "Name",
                "pool",
                "Tasks",
                List.of(Json.object(
                        "Name", "fn", "Driver", "raw_exec", "Resources", Json.object("Devices", List.of(requests)))));
        return JobForm.request(Json.object("Job", Json.object("ID", "j", "TaskGroups", List.of(group))))
                .job()
                .orElseThrow()
                .groups()
                .getFirst();
    }

    private static ObjectNode request(String name, int count, String... constraint) {
        ObjectNode request = Json.object("Name", name, "Count", count);
        if (constraint.length > 0) {
            request.set("Constraints", Json.MAPPER.valueToTree(List.of(conditionOf(constraint))));
        }
        return request;
    }

    private static Map<String, String> conditionOf(String... words) {
        return Map.of("LTarget", words[0], "Operand", words[1], "RTarget", words[2]);
    }

    private static List<String> ids(Job.Group group, Set<String> used) {
        return new Devices(NODE, used).give(group) instanceof Given(var byTask)
                ? Devices.heldBy(Json.object(
                        "AllocatedResources", Map.of("Tasks", Map.of("fn", Json.object("Devices", byTask.get("fn"))))))
                : List.of();
    }

    /** Whatever comes and goes: a device has one holder, and is healthy and of the kind when it is given. */
    @Property
    void aDeviceIsNeverGivenTwice(@ForAll("steps") List<Step> steps) {
        List<List<String>> live = new ArrayList<>();
        for (Step step : steps) {
            if (step.ends() && !live.isEmpty()) {
                live.remove(step.count() % live.size());
                continue;
            }
            Set<String> used = new HashSet<>();
            live.forEach(used::addAll);
            List<String> given = ids(asking(request(step.kind(), step.count())), used);
            if (!given.isEmpty()) {
                assertThat(given).hasSize(step.count()).doesNotHaveDuplicates().doesNotContain("h3");
                assertThat(given).noneMatch(used::contains);
                assertThat(given.stream().map(id -> id.charAt(0)).distinct())
                        .as("of one model")
                        .hasSize(1);
                live.add(given);
            } else {
                assertThat(mostFree(step.kind(), used))
                        .as("there was room for %s beside %s", step, used)
                        .isLessThan(step.count());
            }
        }
    }

    private static int mostFree(String kind, Set<String> used) {
        int most = 0;
        for (var doc : Json.at(NODE.doc(), "NodeResources", "Devices")) {
            DeviceGroup group = new DeviceGroup(doc);
            if (group.is(kind)) {
                most = Math.max(most, (int) group.healthy().stream()
                        .filter(id -> !used.contains(id))
                        .count());
            }
        }
        return most;
    }

    record Step(String kind, int count, boolean ends) {}

    @Provide
    Arbitrary<List<Step>> steps() {
        return Combinators.combine(
                        Arbitraries.of("gpu", "nvidia/gpu", "nvidia/gpu/Tesla T4", "nvidia/gpu/NVIDIA H100 80GB HBM3"),
                        Arbitraries.integers().between(1, 4),
                        Arbitraries.of(true, false, false))
                .as(Step::new)
                .list()
                .ofMaxSize(30);
    }

    @Example
    void unitsAreConverted() {
        assertThat(ids(asking(request("gpu", 1, "${device.attr.memory}", ">=", "70 GiB")), Set.of()))
                .containsExactly("h1");
        assertThat(ids(asking(request("gpu", 1, "${device.attr.memory}", "<", "16 GB")), Set.of()))
                .containsExactly("t1");
        assertThat(ids(asking(request("gpu", 1, "${device.attr.memory}", "=", "40 GiB")), Set.of()))
                .containsExactly("a1");
    }

    @Example
    void aBareNumberMatchesNoAttributeWithAUnit() {
        assertThat(new Devices(NODE, Set.of())
                        .areThere(asking(request("gpu", 1, "${device.attr.memory}", ">=", "40000"))))
                .isFalse();
    }

    @Example
    void anAffinityChoosesAmongThoseThatAreFree() {
        ObjectNode request = request("gpu", 1);
        ObjectNode small = Json.object("LTarget", "${device.attr.memory}", "Operand", "<", "RTarget", "20 GiB");
        request.set("Affinities", Json.array().add(small.put("Weight", 75)));
        assertThat(ids(asking(request), Set.of())).containsExactly("t1");
        assertThat(ids(asking(request), Set.of("t1"))).containsExactly("h1");
        request.set("Affinities", Json.array().add(Json.with(small, "Weight", -75, "Operand", ">")));
        assertThat(ids(asking(request), Set.of())).as("disliked").containsExactly("t1");
    }

    @Example
    void whatIsTakenIsShortAndWhatIsNotThereIsMissing() {
        Set<String> all = Set.of("h1", "h2", "h4", "a1", "a2", "t1");
        assertThat(new Devices(NODE, all).give(asking(request("gpu", 1))))
                .isEqualTo(new Short("devices: no devices match request"));
        assertThat(new Devices(NODE, all).areThere(asking(request("gpu", 1)))).isTrue();
        assertThat(new Devices(NODE, Set.of()).areThere(asking(request("amd/gpu", 1))))
                .isFalse();
        assertThat(new Devices(NODE, Set.of()).give(asking(request("gpu", 0))))
                .isEqualTo(new Short("devices: invalid request of zero devices"));
    }
}
