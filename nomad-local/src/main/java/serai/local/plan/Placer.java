// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.plan;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntUnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import serai.local.doc.Json;
import serai.local.job.Job;
import serai.local.plan.Placement.Exhausted;
import serai.local.plan.Placement.Filtered;
import serai.local.plan.Placement.Nowhere;
import serai.local.plan.Placement.Placed;

/**
 * Looks for room for one instance on the node.
 *
 * @param used what is taken by everything that has not ended
 * @param usedPorts of everything that has not ended
 * @param usedDevices ids of devices, of everything that has not ended
 * @param random a number from 0 to below its argument, to spread dynamic ports
 */
public record Placer(
        Node node, Capacity used, Set<Integer> usedPorts, Set<String> usedDevices, IntUnaryOperator random) {

    /** @param hasInstance an instance of the same group is on the node */
    public Placement place(Job job, Job.Group group, boolean hasInstance) {
        if (!node.eligible() || !inDatacenter(job)) {
            return new Nowhere();
        }
        Optional<String> filter = filter(job, group, hasInstance);
        if (filter.isPresent()) {
            return new Filtered(filter.get());
        }
        Optional<String> network = reservedCollision(group);
        if (network.isPresent()) {
            return new Exhausted(network.get(), asks(group, ""));
        }
        Capacity ask = ask(group);
        Capacity whole = node.capacity();
        Capacity total = used.plus(ask);
        if (total.cpu() > whole.cpu()) {
            return new Exhausted("cpu", asks(group, "cpu"));
        }
        if (total.memoryMb() > whole.memoryMb()) {
            return new Exhausted("memory", asks(group, "memory"));
        }
        if (total.diskMb() > whole.diskMb()) {
            return new Exhausted("disk", asks(group, "disk"));
        }
        return switch (new Devices(node, usedDevices).give(group)) {
            case Devices.Answer.Given(var devices) -> new Placed(ports(group), devices);
            case Devices.Answer.Short(String dimension) -> new Exhausted(dimension, asks(group, ""));
        };
    }

    public static Capacity ask(Job.Group group) {
        long cpu = 0;
        long memory = 0;
        for (Job.Task task : group.tasks()) {
            cpu += task.cpu();
            memory += task.memoryMb();
        }
        return new Capacity(cpu, memory, group.diskMb());
    }

    private boolean inDatacenter(Job job) {
        return Json.each(job.doc().path("Datacenters"))
                .anyMatch(pattern ->
                        glob(pattern.asText()).matcher(node.datacenter()).matches());
    }

    private static Pattern glob(String pattern) {
        return Pattern.compile(Pattern.quote(pattern).replace("*", "\\E.*\\Q"));
    }

    private Optional<String> filter(Job job, Job.Group group, boolean hasInstance) {
        if (group.tasks().stream().anyMatch(task -> !node.hasDriver(task.driver()))) {
            return Optional.of("missing drivers");
        }
        Stream<JsonNode> holders = Stream.concat(
                Stream.of(job.doc(), group.doc()), group.tasks().stream().map(Job.Task::doc));
        Optional<String> unmet = holders.flatMap(h -> Json.each(h.path("Constraints")))
                .map(Constraint::of)
                .filter(c -> c.isDistinctHosts() ? hasInstance : !c.metBy(node))
                .map(c -> c.isDistinctHosts() ? "distinct_hosts" : c.text())
                .findFirst();
        if (unmet.isPresent()) {
            return unmet;
        }
        return new Devices(node, usedDevices).areThere(group) ? Optional.empty() : Optional.of(Devices.MISSING);
    }

    private Optional<String> reservedCollision(Job.Group group) {
        return Json.each(group.network().path("ReservedPorts"))
                .filter(port -> usedPorts.contains(port.path("Value").asInt()))
                .map(port -> "network: reserved port collision %s=%d"
                        .formatted(Json.text(port, "Label"), port.path("Value").asInt()))
                .findFirst();
    }

    private Map<String, Integer> ports(Job.Group group) {
        Map<String, Integer> ports = new LinkedHashMap<>();
        group.network()
                .path("ReservedPorts")
                .forEach(port ->
                        ports.put(Json.text(port, "Label"), port.path("Value").asInt()));
        int least = Json.at(node.doc(), "NodeResources", "MinDynamicPort").asInt();
        int size = Json.at(node.doc(), "NodeResources", "MaxDynamicPort").asInt() - least;
        for (JsonNode port : group.network().path("DynamicPorts")) {
            int start = random.applyAsInt(size);
            int free = IntStream.range(0, size)
                    .map(i -> least + (start + i) % size)
                    .filter(p -> !usedPorts.contains(p) && !ports.containsValue(p))
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException("all dynamic ports are taken"));
            ports.put(Json.text(port, "Label"), free);
        }
        return ports;
    }

    /** Of what is short, how much each task asks for. */
    private static Map<String, ObjectNode> asks(Job.Group group, String dimension) {
        Map<String, ObjectNode> asks = new LinkedHashMap<>();
        for (Job.Task task : group.tasks()) {
            asks.put(
                    task.name(),
                    ResourceDocs.of(
                            dimension.equals("cpu") ? task.cpu() : 0,
                            dimension.equals("memory") ? task.memoryMb() : 0,
                            0));
        }
        return asks;
    }
}
