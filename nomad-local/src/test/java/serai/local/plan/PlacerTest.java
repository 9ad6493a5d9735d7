// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.plan;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import serai.local.doc.Json;
import serai.local.job.Job;
import serai.local.job.JobForm;
import serai.local.plan.Placement.Exhausted;
import serai.local.plan.Placement.Filtered;
import serai.local.plan.Placement.Nowhere;
import serai.local.plan.Placement.Placed;

class PlacerTest {
    private static final Node NODE = new Node(Json.object(
            "ID", "n",
            "Datacenter", "dc1",
            "NodePool", "default",
            "SchedulingEligibility", "eligible",
            "Attributes", Map.of("kernel.name", "linux", "nomad.version", "1.9.3", "os.signals", "SIGINT,SIGTERM"),
            "Drivers", Map.of("raw_exec", Map.of("Healthy", true)),
            "NodeResources",
                    Json.object(
                            "Cpu", Map.of("CpuShares", 4000),
                            "Memory", Map.of("MemoryMB", 8000),
                            "Disk", Map.of("DiskMB", 5000),
                            "MinDynamicPort", 20000,
                            "MaxDynamicPort", 20008)));

    private static Job job(int cpu, int memory, int disk, Object... fields) {
        ObjectNode group = Json.object(
                "Name", "pool",
                "EphemeralDisk", Json.object("SizeMB", disk),
                "Networks", List.of(Map.of("DynamicPorts", List.of(Map.of("Label", "http")))),
                "Tasks",
                        List.of(Map.of(
                                "Name",
                                "fn",
                                "Driver",
                                "raw_exec",
                                "Resources",
                                Map.of("CPU", cpu, "MemoryMB", memory))));
        ObjectNode job = Json.object("ID", "j", "TaskGroups", List.of(group));
        job.setAll(Json.object(fields));
        return JobForm.request(Json.object("Job", job)).job().orElseThrow();
    }

    private static Placement place(Job job, Capacity used, Set<Integer> ports) {
        return new Placer(NODE, used, ports, Set.of(), new Random(1)::nextInt)
                .place(job, job.groups().getFirst(), false);
    }

    @Property
    void theNodeIsNeverOverfull_andNoPortIsGivenTwice(
            @ForAll @Size(max = 30) List<@IntRange(min = 1, max = 2000) Integer> asks) {
        Capacity used = Capacity.NONE;
        Set<Integer> ports = new HashSet<>();
        for (int ask : asks.stream().limit(8).toList()) {
            Job job = job(ask, Math.max(10, ask * 2), ask);
            if (place(job, used, ports) instanceof Placed(Map<String, Integer> given, var devices)) {
                used = used.plus(Placer.ask(job.groups().getFirst()));
                assertThat(given).containsOnlyKeys("http");
                assertThat(ports).doesNotContain(given.get("http"));
                ports.addAll(given.values());
            }
            assertThat(used.fitsInto(NODE.capacity())).isTrue();
        }
    }

    @Property
    void whatFitsIsPlaced(
            @ForAll @IntRange(min = 1, max = 4000) int cpu, @ForAll @IntRange(min = 10, max = 8000) int memory) {
        assertThat(place(job(cpu, memory, 100), Capacity.NONE, Set.of())).isInstanceOf(Placed.class);
    }

    @Example
    void theFirstDimensionThatIsShortIsNamed() {
        assertThat(dimension(job(4001, 8001, 10))).isEqualTo("cpu");
        assertThat(dimension(job(1, 8001, 10))).isEqualTo("memory");
        assertThat(dimension(job(1, 10, 5001))).isEqualTo("disk");
    }

    private static String dimension(Job job) {
        return ((Exhausted) place(job, Capacity.NONE, Set.of())).dimension();
    }

    @Example
    void constraintsFilter() {
        assertThat(filtered("${attr.kernel.name}", "=", "plan9")).isEqualTo("${attr.kernel.name} = plan9");
        assertThat(filtered("${attr.nomad.version}", "version", ">= 2.0"))
                .isEqualTo("${attr.nomad.version} version >= 2.0");
        assertThat(filtered("${attr.nomad.version}", "semver", ">= 1.9, < 2")).isNull();
        assertThat(filtered("${attr.os.signals}", "set_contains", "SIGINT,SIGTERM"))
                .isNull();
        assertThat(filtered("${attr.no.such}", "is_set", "")).isEqualTo("${attr.no.such} is_set");
        assertThat(filtered("${node.datacenter}", "regexp", "^dc[0-9]$")).isNull();
    }

    private static String filtered(String left, String operand, String right) {
        Job job = job(1, 10, 10, "Constraints", List.of(Map.of("LTarget", left, "Operand", operand, "RTarget", right)));
        return place(job, Capacity.NONE, Set.of()) instanceof Filtered(String constraint) ? constraint : null;
    }

    @Example
    void datacentersMayHoldWildcards() {
        assertThat(place(job(1, 10, 10, "Datacenters", List.of("dc*")), Capacity.NONE, Set.of()))
                .isInstanceOf(Placed.class);
        assertThat(place(job(1, 10, 10, "Datacenters", List.of("mars")), Capacity.NONE, Set.of()))
                .isInstanceOf(Nowhere.class);
    }
}
