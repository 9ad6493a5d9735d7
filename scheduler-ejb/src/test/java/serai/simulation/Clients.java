// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.simulation;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import serai.app.App;
import serai.call.Calls;
import serai.call.FunctionCall;
import serai.call.NewInput;
import serai.call.Target;
import serai.problem.Problem;
import serai.problem.ProblemException;
import serai.replay.Replays;
import serai.simulation.World.Unanswered;

/** They call in bursts, and ask again with the same key until they have an answer. */
final class Clients {
    private static final Duration PERIOD = Duration.ofSeconds(75);

    private final World world;
    private final Map<String, String> acknowledged = new LinkedHashMap<>(); // call to input
    private final Target target;
    private int unanswered;
    private int sent;

    Clients(World world) {
        this.world = world;
        this.target = new Target(
                "fu-1",
                "f",
                "ws-1",
                "en-1",
                "ap-1",
                App.State.DEPLOYED,
                "de-1",
                world.pool.id().value(),
                0,
                false);
    }

    void begin() {
        int bursts = 1 + world.random.nextInt(4);
        for (int i = 0; i < bursts; i++) {
            var at = world.upTo((int) PERIOD.toMillis());
            int size = 1 + world.random.nextInt(8);
            for (int n = 0; n < size; n++) {
                unanswered++;
                var key = world.key();
                var work = Work.of(world);
                world.time.actsAfter(at.plus(world.upTo(2_000)), () -> send(key, work, false));
            }
        }
    }

    private void send(String key, Work work, boolean isAgain) {
        try {
            var call = world.ask(server -> start(key, work, isAgain));
            unanswered--;
            acknowledged.put(call.callId(), call.inputIds().getFirst());
            world.tell("acknowledged %s, %s", call.inputIds().getFirst(), work);
            if (work.isCancelled()) {
                world.time.actsAfter(world.upTo(20_000), () -> cancel(call.callId()));
            }
        } catch (Unanswered e) {
            world.time.actsAfter(Duration.ofMillis(300).plus(world.upTo(1_000)), () -> send(key, work, true));
        }
    }

    /** As the edge does it: an answer that was given before is given again. */
    private Calls.Started start(String key, Work work, boolean isAgain) {
        if (isAgain) {
            var before = world.of(() -> world.queue.answered(key));
            if (before.isPresent()) {
                return before.get();
            }
        }
        sent++;
        var as = new Calls.Started("fc-" + sent, List.of("in-" + sent));
        var answer = new Replays.Answer(new Replays.Key("ws-1", "FunctionMap", key), new byte[0]);
        try {
            world.queue.calls.startOne(
                    target,
                    new Calls.NewCall(FunctionCall.Kind.UNARY, 1, null),
                    new NewInput(0, "", work.payload()),
                    as,
                    Optional.of(answer));
            return as;
        } catch (ProblemException e) {
            if (e.problem() != Problem.REQUEST_REPEATED) {
                throw e;
            }
            return world.of(() -> world.queue.answered(key)).orElseThrow();
        }
    }

    private void cancel(String call) {
        try {
            world.ask(server -> world.queue.inputs.cancel(call, "Input was cancelled by the user"));
        } catch (Unanswered e) {
            world.time.actsAfter(Duration.ofSeconds(1), () -> cancel(call));
        }
    }

    boolean areAnswered() {
        return unanswered == 0;
    }

    /** @return each call that a client knows of, with its input */
    Map<String, String> acknowledged() {
        return acknowledged;
    }
}
