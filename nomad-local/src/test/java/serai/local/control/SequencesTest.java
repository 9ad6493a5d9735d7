// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterTry;
import net.jqwik.api.lifecycle.BeforeTry;
import serai.local.doc.Json;
import serai.local.plan.Devices;
import serai.local.state.Alloc;

/** Whatever is done in whatever order: the node is never overbooked, no instance is there twice, and none is forgotten. */
class SequencesTest {
    private static final List<String> JOBS = List.of("plain", "large", "gpu");

    private Path directory;
    private Scene scene;

    /** What somebody does, or what happens. */
    enum Kind {
        REGISTER,
        SCALE,
        RUN,
        CRASH,
        END,
        STOP_ONE,
        STOP_JOB,
        PURGE,
        INELIGIBLE,
        ELIGIBLE,
        DRAIN,
        COLLECT,
        CLOCK,
        RESTART
    }

    record Step(Kind kind, int job, int amount) {
        String id() {
            return JOBS.get(job);
        }

        @Override
        public String toString() {
            return kind + "(" + id() + "," + amount + ")";
        }
    }

    @Provide
    Arbitrary<List<Step>> sequences() {
        Arbitrary<Kind> kinds = Arbitraries.frequencyOf(
                net.jqwik.api.Tuple.of(4, Arbitraries.of(Kind.REGISTER, Kind.SCALE, Kind.RUN)),
                net.jqwik.api.Tuple.of(1, Arbitraries.of(Kind.class)));
        return Combinators.combine(
                        kinds,
                        Arbitraries.integers().between(0, 2),
                        Arbitraries.integers().between(0, 6))
                .as(Step::new)
                .list()
                .ofMinSize(5)
                .ofMaxSize(40);
    }

    @BeforeTry
    void enter() throws IOException {
        directory = Files.createTempDirectory("scene");
        scene = new Scene(directory);
    }

    @AfterTry
    void leave() throws IOException {
        scene.close();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    @Property(tries = 60)
    void nothingIsOverbookedDoubledOrForgotten(@ForAll("sequences") List<Step> steps) {
        for (Step step : steps) {
            carryOut(step);
            check();
        }
        settle();
        check();
        checkThatNothingIsMissing();
    }

    private void carryOut(Step step) {
        try {
            switch (step.kind()) {
                case REGISTER -> scene.register(job(step));
                case SCALE -> scaleAndSeeWhoGoes(step);
                case RUN -> scene.processes.running.values().forEach(alloc -> scene.report(alloc, "running"));
                case CRASH ->
                    scene.live(step.id()).stream().limit(step.amount()).forEach(a -> scene.report(a, "failed"));
                case END -> scene.letEnd();
                case STOP_ONE ->
                    scene.live(step.id()).stream()
                            .skip(step.amount())
                            .findFirst()
                            .ifPresent(alloc -> scene.allocations.stop(alloc.id(), false));
                case STOP_JOB -> scene.jobs.deregister("default", step.id(), false);
                case PURGE -> scene.jobs.deregister("default", step.id(), true);
                case INELIGIBLE -> scene.nodes.mark("n", "ineligible");
                case ELIGIBLE -> scene.nodes.mark("n", "eligible");
                case DRAIN -> scene.nodes.drain("n", Duration.ofNanos(-1), false, Json.object());
                case COLLECT -> scene.garbage.collect();
                case CLOCK -> scene.clock.step(Duration.ofHours(step.amount() - 3L));
                case RESTART -> scene.restart();
            }
        } catch (RefusedException e) {
            assertThat(e.getMessage()).isNotEmpty(); // a job that is not there, a node that is draining
        }
    }

    private static com.fasterxml.jackson.databind.node.ObjectNode job(Step step) {
        return switch (step.id()) {
            case "large" -> Scene.job("large", step.amount(), 50, 350, 0, Duration.ofMillis(1));
            case "gpu" -> Scene.job("gpu", step.amount(), 50, 50, 1, Duration.ofMillis(1));
            default -> Scene.job("plain", step.amount(), 120, 60, 0, Duration.ofMillis(1));
        };
    }

    private void scaleAndSeeWhoGoes(Step step) {
        List<Alloc> before = scene.live(step.id());
        scene.scale(step.id(), step.amount());
        Set<String> after = new HashSet<>();
        scene.live(step.id()).forEach(a -> after.add(a.id()));
        int highestLeft = before.stream()
                .filter(a -> after.contains(a.id()))
                .mapToInt(Alloc::index)
                .max()
                .orElse(-1);
        int lowestGone = before.stream()
                .filter(a -> !after.contains(a.id()))
                .mapToInt(Alloc::index)
                .min()
                .orElse(Integer.MAX_VALUE);
        assertThat(lowestGone).as("the highest indexes go first").isGreaterThan(highestLeft);
    }

    private void check() {
        Map<String, Integer> wanted = scene.wantedCounts();
        for (String job : JOBS) {
            List<Alloc> live = scene.live(job);
            assertThat(live.size())
                    .as("never more than the count of " + job)
                    .isLessThanOrEqualTo(wanted.getOrDefault(job, 0));
            assertThat(live.stream().map(Alloc::index))
                    .as("no index twice in " + job)
                    .doesNotHaveDuplicates();
            for (Alloc alloc : live) { // a retry that is due begins beside this: it is known, and started right after
                Scene.await(() -> scene.processes.running.containsKey(alloc.id()), "somebody runs " + alloc.name());
            }
        }
        checkCapacity();
        for (Alloc running : scene.processes.running.values()) {
            assertThat(scene.live(running.jobId()).stream().map(Alloc::id))
                    .as("somebody knows " + running.name())
                    .contains(running.id());
        }
    }

    private void checkCapacity() {
        long cpu = 0;
        long memory = 0;
        List<String> devices = new ArrayList<>();
        for (Alloc alloc : scene.processes.all()) {
            cpu += Json.at(alloc.doc(), "Resources", "CPU").asLong();
            memory += Json.at(alloc.doc(), "Resources", "MemoryMB").asLong();
            devices.addAll(Devices.heldBy(alloc.doc()));
        }
        assertThat(cpu).isLessThanOrEqualTo(Scene.CPU);
        assertThat(memory).isLessThanOrEqualTo(Scene.MEMORY);
        assertThat(devices).as("a device has one holder").doesNotHaveDuplicates();
    }

    /** Everything that was told to end has ended, every delay is over, and the node takes work. */
    private void settle() {
        scene.nodes.cancelDrain("n", true, Json.object());
        for (int quiet = 0; quiet < 3; ) {
            Map<String, List<String>> before = ids();
            scene.letEnd();
            JOBS.forEach(job -> scene.allocs(job).stream()
                    .filter(a -> a.failed() && a.wanted())
                    .findFirst()
                    .ifPresent(a -> scene.awaitRetry()));
            quiet = ids().equals(before) && scene.processes.ending.isEmpty() ? quiet + 1 : 0;
        }
    }

    private Map<String, List<String>> ids() {
        Map<String, List<String>> ids = new HashMap<>();
        JOBS.forEach(job -> ids.put(job, scene.live(job).stream().map(Alloc::id).toList()));
        return ids;
    }

    private void checkThatNothingIsMissing() {
        Map<String, Integer> wanted = scene.wantedCounts();
        boolean complete = true;
        for (String job : JOBS) {
            int missing = wanted.getOrDefault(job, 0) - scene.live(job).size();
            assertThat(missing == 0 || scene.isBlocked(job))
                    .as("%d of %s are missing, and nothing waits for room", missing, job)
                    .isTrue();
            complete &= missing == 0;
        }
        if (!complete) { // then there is really no room for the one that waits first
            assertThat(scene.waitersThatWouldFit()).isEmpty();
        }
    }
}
