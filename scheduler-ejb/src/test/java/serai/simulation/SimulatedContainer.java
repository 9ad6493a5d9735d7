// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.simulation;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import serai.call.Claimed;
import serai.call.Inputs;
import serai.call.Outcome;
import serai.call.Result;
import serai.container.Container;
import serai.problem.Problem;
import serai.problem.ProblemException;
import serai.simulation.World.Unanswered;

/** A runner and its runtime: what they ask is asked again until there is an answer, with the same key. */
final class SimulatedContainer {
    private static final Duration HEARTBEAT = SimulatedServer.LEASE.dividedBy(4);
    private static final Duration SAFETY_NET = Duration.ofSeconds(2);

    private final World world;
    private final SimulatedCluster.Place place;
    private final List<Slot> slots = new ArrayList<>();
    private String id = "";
    private boolean isKilled;
    private boolean isEnding;
    private boolean isHung;
    private Instant pausedUntil = Instant.MIN;

    SimulatedContainer(World world, SimulatedCluster.Place place) {
        this.world = world;
        this.place = place;
    }

    @Override
    public String toString() {
        return id.isEmpty() ? "no container" : id;
    }

    static String words(String input, int attempt, String container) {
        return "%s by attempt %d on %s".formatted(input, attempt, container);
    }

    void begin() {
        after(Duration.ofMillis(50).plus(world.upTo(1_500)), this::register);
    }

    /** Whatever it does next it does later if it is stopped meanwhile, and never if it is killed. */
    private void after(Duration delay, Runnable what) {
        world.time.actsAfter(delay, () -> {
            if (isKilled || isHung) {
                return;
            }
            if (world.time.now().isBefore(pausedUntil)) {
                after(Duration.between(world.time.now(), pausedUntil).plus(world.upTo(5)), what);
            } else {
                what.run();
            }
        });
    }

    private void again(Runnable what) {
        after(Duration.ofMillis(200).plus(world.upTo(1_000)), what);
    }

    void pause(Duration time) {
        world.tell("%s is stopped for %s", this, time);
        pausedUntil = world.time.now().plus(time);
    }

    /** Its process is there and does nothing more. One that was never let in is nobody's to end. */
    void hang() {
        if (!id.isEmpty()) {
            world.tell("%s hangs", this);
            isHung = true;
        }
    }

    void resume() {
        pausedUntil = Instant.MIN;
    }

    void kill() {
        isKilled = true;
        slots.forEach(world::waitsNoMore);
    }

    /** Whether it works on something that only it may finish. */
    boolean isAtWork() {
        return world.queue.rows().stream().anyMatch(i -> i.state().equals("RUNNING") && id.equals(i.containerId()))
                && world.containers
                        .state(id)
                        .filter(s -> s != Container.State.ENDED)
                        .isPresent();
    }

    private void register() {
        world.presents(place.id);
        try {
            id = world.ask(server -> server.admissions
                    .admit(world.pool.id(), world.pool.secret(), place.id, place.index, "node-1")
                    .container()
                    .id());
        } catch (Unanswered e) {
            again(this::register);
            return;
        } catch (ProblemException e) {
            if (e.problem().kind == Problem.Kind.UNAVAILABLE) {
                again(this::register);
            } else {
                place.ended(1); // refused
            }
            return;
        }
        world.tell("%s is let in as %s", place.id, id);
        if (world.chance(world.faults.failedStart())) {
            after(world.upTo(2_000), () -> exit(1));
        } else {
            after(Duration.ofMillis(200).plus(world.upTo(3_000)), this::ready);
        }
    }

    private void ready() {
        try {
            world.ask(server -> {
                server.ready(id, world.pool.id());
                return null;
            });
        } catch (Unanswered e) {
            again(this::ready);
            return;
        }
        heartbeat();
        for (int i = 0; i < world.duties.concurrency(); i++) {
            slots.add(new Slot());
        }
        List.copyOf(slots).forEach(Slot::ask);
    }

    private void heartbeat() {
        if (isEnding) {
            return;
        }
        try {
            var cancelled = world.ask(server -> {
                world.containers.heartbeat(id, server.now());
                return server.inputs.cancelled(id);
            });
            List.copyOf(slots).forEach(slot -> slot.cancel(cancelled));
            after(cancelled.isEmpty() ? HEARTBEAT : Duration.ofSeconds(1), this::heartbeat);
        } catch (Unanswered e) {
            again(this::heartbeat);
        }
    }

    /** The process has ended, its runner tells so, and then its allocation is over. */
    private void exit(int code) {
        isEnding = true;
        slots.forEach(world::waitsNoMore);
        slots.clear();
        try {
            world.ask(server -> {
                server.departures.ended(id, code, "exit code " + code);
                return null;
            });
            place.ended(code);
        } catch (Unanswered e) {
            again(() -> exit(code));
        }
    }

    /** One input at a time. */
    final class Slot {
        private String key;
        private Claimed input;
        private boolean isTold;

        int ordinal() {
            return place.index;
        }

        private boolean isOpen() {
            return !isEnding && slots.contains(this);
        }

        private void ask() {
            if (isOpen()) {
                key = world.key();
                ask(false);
            }
        }

        private void ask(boolean isRetry) {
            if (!isOpen()) {
                return;
            }
            Inputs.Look look;
            try {
                look = world.ask(server -> answer(server, isRetry));
            } catch (Unanswered e) {
                again(() -> ask(true));
                return;
            }
            if (look.stop()) {
                close();
            } else if (look.claimed().isEmpty()) {
                world.waits(this);
                var asked = key;
                after(SAFETY_NET, () -> {
                    if (asked.equals(key) && world.waitsNoMore(this)) {
                        ask();
                    }
                });
            } else {
                begin(look.claimed().getFirst());
            }
        }

        /** As the edge does it. */
        private Inputs.Look answer(SimulatedServer server, boolean isRetry) {
            if (isRetry) {
                var before = server.inputs.claimedBefore(id, key);
                if (!before.isEmpty()) {
                    return new Inputs.Look(before, false);
                }
            }
            return server.inputs.look(world.pool.queue(), id, 1, key);
        }

        void wake(Duration after) {
            SimulatedContainer.this.after(after, this::ask);
        }

        /** It shall ask no more; with the last one the container ends. */
        private void close() {
            slots.remove(this);
            if (slots.isEmpty() && !isEnding) {
                exit(0);
            }
        }

        private void begin(Claimed claimed) {
            input = claimed;
            isTold = false;
            var work = Work.of(claimed.payload());
            if (work.isPoison()) {
                after(world.upTo(500), () -> place.ended(139));
                return;
            }
            after(work.takes(), () -> {
                if (input == claimed) {
                    boolean fails = claimed.attempt() <= work.failures();
                    finish(claimed, fails ? Outcome.FAILURE : Outcome.SUCCESS);
                }
            });
        }

        void cancel(List<String> ids) {
            if (input == null || isTold || !ids.contains(input.inputId())) {
                return;
            }
            isTold = true;
            if (!Work.of(input.payload()).isDeaf()) {
                finish(input, Outcome.TERMINATED);
            }
        }

        private void finish(Claimed done, Outcome outcome) {
            input = null;
            var content = words(done.inputId(), done.attempt(), id).getBytes(StandardCharsets.UTF_8);
            put(new Result(done.inputId(), done.attempt(), outcome, content));
        }

        private void put(Result result) {
            try {
                world.ask(server -> {
                    accept(server, result);
                    return null;
                });
            } catch (Unanswered e) {
                again(() -> put(result));
                return;
            }
            if (world.chance(world.faults.lostAnswer())) {
                after(world.upTo(5_000), () -> again(result)); // a duplicate that was long under way
            }
            ask();
        }

        private void again(Result result) {
            try {
                world.ask(server -> {
                    accept(server, result);
                    return null;
                });
            } catch (Unanswered e) {
                // nobody waits for its answer
            }
        }

        /** As the edge does it. */
        private void accept(SimulatedServer server, Result result) {
            var policy = world.duties.retryPolicy();
            if (Inputs.areFinal(policy, List.of(result))) {
                server.inputs.acceptFinal(id, result, (call, output) -> {});
            } else {
                server.inputs.accept(id, policy, List.of(result));
            }
        }

        private void again(Runnable what) {
            SimulatedContainer.this.again(what);
        }

        private void after(Duration delay, Runnable what) {
            SimulatedContainer.this.after(delay, what);
        }
    }
}
