// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.simulation;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import serai.app.App;
import serai.app.ModelApps;
import serai.call.ModelQueue;
import serai.call.Outcome;
import serai.cluster.AllocationId;
import serai.container.Container;
import serai.container.ModelContainers;
import serai.function.AutoscalerSettings;
import serai.function.Definition;
import serai.function.ModelFunctions;
import serai.function.Resources;
import serai.function.RetryPolicy;
import serai.model.Steps;
import serai.peer.ModelLeases;
import serai.pool.ModelPools;
import serai.pool.Pool;
import serai.signal.Signals;
import serai.signal.Topic;

/** One run: a function, its clients, a cluster and servers that come and go, all by one seed. */
final class World implements Steps {
    static final int MAX_LOSSES = 8;

    /** How soon others may come while a server is between two statements. */
    private static final Duration HURRY = Duration.ofMillis(500);

    /** It looks at time limits after 10 s, at some of them every 5 s. */
    private static final Duration FIRST_LOOK = Duration.ofSeconds(16);

    /** In milliseconds: longer than a lease of its work. */
    private static final int LONGEST_STALL = 20_000;

    /** For who is busy. */
    private static final Duration LATER = Duration.ofMillis(20);

    private static final Duration TROUBLED = Duration.ofSeconds(90);

    /** For everything that was accepted to be done, once nothing goes wrong any more. */
    private static final Duration CALM = Duration.ofMinutes(30);

    final long seed;
    final Random random;
    final Time time = new Time();
    final ModelFunctions functions = new ModelFunctions();
    final ModelApps apps = new ModelApps(this);
    final Bells signals = new Bells();
    final ModelContainers containers = new ModelContainers(signals, this);
    final ModelQueue queue;
    final ModelPools pools;
    final SimulatedCluster cluster;
    final Pool pool;
    final Definition.Duties duties;
    final Clients clients;

    final ModelLeases.Table leases = new ModelLeases.Table(() -> databaseTime());

    /** Those that run, one of which may stand still. */
    final List<SimulatedServer> servers = new ArrayList<>();

    Faults faults;

    private final boolean isTold;
    private final StringBuilder story = new StringBuilder();
    private final List<SimulatedContainer.Slot> waiting = new ArrayList<>();
    private final Map<String, Integer> attempts = new HashMap<>();
    private final Map<String, Instant> began = new HashMap<>(); // the input's attempt, by the true time
    private final List<Instant> clocksSet = new ArrayList<>();
    private final Map<String, Instant> beats = new HashMap<>();
    private final Map<String, Instant> born = new HashMap<>();

    /** By allocation: when its runner asked for a container first, from when on the container's age is told. */
    private final Map<String, Instant> presented = new HashMap<>();

    private final Map<String, Instant> heard = new HashMap<>(); // of the container
    private final Set<Object> busy = new HashSet<>();
    private SimulatedServer acting;
    private SimulatedServer still;
    private int depth;
    private int started;
    private long stalls;
    private Duration serverAhead = Duration.ZERO;
    private Duration databaseAhead = Duration.ZERO;
    private int keys;

    /** @param isTold whether its story is kept, for people */
    World(long seed, boolean isTold) {
        this.seed = seed;
        this.isTold = isTold;
        random = new Random(seed * 0x9E3779B97F4A7C15L);
        faults = Faults.of(random);
        queue = new ModelQueue(containers, signals, this::databaseTime, this);
        pools = new ModelPools(functions, queue::isAnythingPending, pool -> live() > 0, this);
        duties = duties();
        var app = apps.add("ap-1", App.State.DEPLOYED);
        var function = functions.add(app, "fu-1", duties);
        queue.definition(functions.definition(function.definitionId()));
        queue.onClaim(this::claimed);
        queue.onTimeOut(this::timedOut);
        containers.watched(this::lives);
        pool = pools.add("po-1", function, functions.definition(function.definitionId()));
        cluster = new SimulatedCluster(this);
        clients = new Clients(this);
        int together = 1 + random.nextInt(3);
        for (int i = 0; i < together; i++) {
            start();
        }
    }

    private void start() {
        var server = new SimulatedServer(this, "server " + ++started);
        servers.add(server);
        tell("%s starts", server);
        cluster.tellAll(server);
    }

    private Definition.Duties duties() {
        int min = random.nextInt(3) == 0 ? random.nextInt(3) : 0;
        var scaling = new AutoscalerSettings(
                min, Math.max(1, min) + random.nextInt(5), random.nextInt(3), seconds(1 + random.nextInt(30)));
        int retries = random.nextInt(3);
        var retry = new RetryPolicy(retries, seconds(random.nextInt(3)), seconds(10), 2);
        return new Definition.Duties(
                scaling,
                retries == 0 ? RetryPolicy.NONE : retry,
                new Resources(100, 128, 0, 512),
                1 + random.nextInt(2),
                seconds(20 + random.nextInt(40)),
                seconds(30),
                null,
                List.of(),
                "1.6.4");
    }

    static Duration seconds(long seconds) {
        return Duration.ofSeconds(seconds);
    }

    boolean chance(double likelihood) {
        return likelihood > 0 && random.nextDouble() < likelihood;
    }

    Duration upTo(int millis) {
        return Duration.ofMillis(random.nextInt(millis + 1));
    }

    String key() {
        return "key-" + ++keys;
    }

    void tell(String what, Object... values) {
        if (isTold) {
            story.append("%10.3f  ".formatted(time.since(Time.BEGIN).toMillis() / 1000.0))
                    .append(what.formatted(values))
                    .append('\n');
        }
    }

    String story() {
        return story.toString();
    }

    /** What the clock of the server's machine shows. */
    Instant serverTime() {
        return time.now().plus(serverAhead);
    }

    private Instant databaseTime() {
        return time.now().plus(databaseAhead);
    }

    // a server's statements

    @Override
    public <T> T of(Supplier<T> statement) {
        if (acting == null || depth > 0) {
            return statement.get();
        }
        between();
        T result;
        depth++;
        try {
            result = statement.get();
        } finally {
            depth--;
        }
        between();
        return result;
    }

    /** Here others act, and here servers die. */
    void between() {
        var me = acting;
        if (me != null && servers.contains(me) && still == null && chance(faults.stall())) {
            stall(me);
        }
        onItsWay();
    }

    /** The same for what is sent, which goes on when its sender stands still. */
    void onItsWay() {
        var me = acting;
        if (me == null) {
            return;
        }
        if (servers.contains(me) && chance(faults.crash())) {
            crash(me);
        }
        if (servers.contains(me) && chance(faults.interleave())) {
            meanwhile(() -> time.hurry(HURRY, whose -> !busy.contains(whose)));
        }
        if (!servers.contains(me)) {
            throw new Crash();
        }
    }

    /** It does not die, answers nobody, and goes on as if nothing had been. */
    private void stall(SimulatedServer me) {
        var until = time.now().plus(upTo(LONGEST_STALL));
        tell("%s stands still", me);
        stalls++;
        still = me;
        meanwhile(() -> {
            while (time.step(until)) {}
        });
        still = null;
        tell("%s goes on", me);
    }

    /** Others act. */
    private void meanwhile(Runnable what) {
        var me = acting;
        int before = depth;
        acting = null;
        depth = 0;
        try {
            what.run();
        } finally {
            acting = me;
            depth = before;
        }
    }

    /** What a dead server was about to do is not done. */
    private static final class Crash extends Error {
        private static final long serialVersionUID = 1L;

        Crash() {
            super("the server has died", null, false, false);
        }
    }

    /** Nobody says whether it was done. */
    static final class Unanswered extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Unanswered() {
            super("no answer", null, false, false);
        }
    }

    private void crash(SimulatedServer who) {
        tell("%s dies", who);
        servers.remove(who);
        time.after(Duration.ofMillis(500).plus(upTo(12_000)), this::start);
    }

    /**
     * A server's own work. It ends with the server.
     *
     * @param job who does nothing else meanwhile
     */
    void work(SimulatedServer of, Object job, Runnable what) {
        if (!servers.contains(of)) {
            return;
        }
        if (of == still || !busy.add(job)) {
            time.actsAfter(LATER, job, () -> work(of, job, what));
            return;
        }
        try {
            as(of, () -> {
                what.run();
                return null;
            });
        } catch (Crash e) {
            // the others and its successor go on
        } finally {
            busy.remove(job);
        }
    }

    /** A request to one of the servers. @throws Unanswered in which case it may have been done */
    <T> T ask(Function<SimulatedServer, T> request) {
        if (servers.isEmpty()) {
            throw new Unanswered();
        }
        var asked = servers.get(random.nextInt(servers.size()));
        if (asked == still) {
            throw new Unanswered();
        }
        T answer;
        try {
            answer = as(asked, () -> request.apply(asked));
        } catch (Crash e) {
            throw new Unanswered();
        }
        if (chance(faults.lostAnswer())) {
            throw new Unanswered();
        }
        return answer;
    }

    private <T> T as(SimulatedServer who, Supplier<T> what) {
        var before = acting;
        int depthBefore = depth;
        acting = who;
        depth = 0;
        try {
            return what.get();
        } finally {
            acting = before;
            depth = depthBefore;
        }
    }

    // wake-ups

    /** Hints: each may be lost. */
    final class Bells extends Signals {
        @Override
        public void afterCommit(Topic topic) {
            ring(topic, waiting.size());
        }

        @Override
        public void afterCommit(Topic topic, int count) {
            if (topic.kind() == Topic.Kind.WORK && ring(topic, count) < count && acting != null) {
                if (!chance(faults.lostBell())) {
                    acting.look(pool.id());
                }
            }
        }

        @Override
        public void tellElsewhere(Topic topic) {
            servers.stream()
                    .filter(other -> other != acting && !chance(faults.lostBell()))
                    .toList()
                    .forEach(other -> other.hear(topic));
        }

        private int ring(Topic topic, int count) {
            if (topic.kind() != Topic.Kind.WORK) {
                return 0;
            }
            var rung = waiting.stream()
                    .sorted(Comparator.comparingInt(SimulatedContainer.Slot::ordinal))
                    .limit(count)
                    .toList();
            for (var slot : rung) {
                if (!chance(faults.lostBell())) {
                    waiting.remove(slot);
                    slot.wake(upTo(3));
                }
            }
            return rung.size();
        }
    }

    void waits(SimulatedContainer.Slot slot) {
        waiting.add(slot);
    }

    boolean waitsNoMore(SimulatedContainer.Slot slot) {
        return waiting.remove(slot);
    }

    // what must hold

    private void claimed(ModelQueue.Input input) {
        tell("attempt %s", input);
        int before = attempts.getOrDefault(input.id(), 0);
        holds(input.attempt() > before, "attempts rise: %s after %d", input, before);
        attempts.put(input.id(), input.attempt());
        began.put(input.id(), time.now());
        holds(
                input.attempt() <= 1 + input.retries() + input.losses(),
                "each attempt has its reason, a retry or a loss: %s",
                input);
        holds(input.losses() < MAX_LOSSES, "losses are bounded: %s", input);
        holds(input.retries() <= duties.retryPolicy().retries(), "retries are bounded: %s", input);
    }

    private void timedOut(ModelQueue.Input input) {
        var took = time.since(began.get(input.id()));
        holds(
                isExcused(began.get(input.id())) || took.compareTo(duties.timeout()) >= 0,
                "its time was over: %s after %s",
                input,
                took);
    }

    /** Of what began before a server's first look it can only believe what the clocks say, also when they were set since. */
    private boolean isExcused(Instant beginning) {
        var firstLook = acting == null ? time.now() : acting.reapingSince.plus(FIRST_LOOK);
        return clocksSet.stream().anyMatch(at -> !at.isBefore(beginning) && !at.isAfter(firstLook));
    }

    void presents(AllocationId allocation) {
        presented.putIfAbsent(allocation.value(), time.now());
    }

    private void lives(Container container, String end) {
        if (end.startsWith("no sign of life")) {
            var silence = time.since(heard.get(container.id()));
            holds(
                    silence.compareTo(SimulatedServer.LEASE) >= 0,
                    "only who is silent is given up: %s after %s",
                    container.id(),
                    silence);
        } else if (end.startsWith("not ready within")) {
            var start = Duration.between(born.get(container.id()), time.now());
            holds(
                    isExcused(born.get(container.id())) || start.compareTo(duties.startupTimeout()) >= 0,
                    "it had its time to start: %s after %s",
                    container.id(),
                    start);
        }
        born.putIfAbsent(container.id(), presented.get(container.allocationId()));
        if (!container.heartbeatAt().equals(beats.put(container.id(), container.heartbeatAt()))) {
            heard.put(container.id(), time.now()); // and not when a server that stood still keeps the word of long ago
        }
    }

    void holds(boolean condition, String what, Object... values) {
        if (!condition) {
            throw new AssertionError(what.formatted(values));
        }
    }

    /** Runs it to its end. @throws AssertionError if something does not hold */
    void run() {
        clients.begin();
        time.after(seconds(1), this::second);
        var calm = Time.BEGIN.plus(TROUBLED);
        while (time.step(calm)) {}
        becomeCalm();
        var end = calm.plus(CALM);
        Duration quiet = seconds(1);
        while (!isQuiet() && time.now().isBefore(end)) {
            var until = time.now().plus(quiet);
            while (time.step(until)) {}
        }
        check();
    }

    private void second() {
        if (faults == Faults.NONE) {
            return;
        }
        cluster.second();
        if (chance(faults.clockStep())) {
            var step = Duration.ofMillis(
                    (random.nextBoolean() ? 1 : -1) * (long) Math.pow(10, 2 + 4 * random.nextDouble()));
            tell("clocks step by %s", step);
            clocksSet.add(time.now());
            databaseAhead = databaseAhead.plus(step);
            serverAhead = serverAhead.plus(step);
        }
        time.after(seconds(1), this::second);
    }

    private void becomeCalm() {
        tell("calm");
        faults = Faults.NONE;
        cluster.recover();
    }

    private boolean isQuiet() {
        return queue.rows().stream().noneMatch(ModelQueue.Input::isOpen)
                && clients.areAnswered()
                && cluster.alive() == duties.autoscaler().minContainers()
                && live() == duties.autoscaler().minContainers();
    }

    private long live() {
        return containers.rows().stream()
                .filter(c -> c.state() != Container.State.ENDED)
                .count();
    }

    private void check() {
        holds(
                isQuiet(),
                "everything is done, and what is left is the minimum of %d: %d allocations, %d containers%n%s",
                duties.autoscaler().minContainers(),
                cluster.alive(),
                live(),
                queue.rows().stream()
                        .filter(ModelQueue.Input::isOpen)
                        .map(Object::toString)
                        .collect(Collectors.joining("\n")));
        for (var call : clients.acknowledged().entrySet()) {
            var results = queue.outputsOf(call.getKey());
            holds(results.size() == 1, "one result for what was acknowledged: %s has %d", call, results.size());
            var result = results.getFirst();
            var row = queue.row(result.inputId()).orElseThrow();
            holds(row.id().equals(call.getValue()), "the answer names what was kept: %s, %s", call, row);
            if (result.content() != null && result.outcome() != Outcome.TERMINATED && result.content().length > 0) {
                var said = new String(result.content(), StandardCharsets.UTF_8);
                holds(
                        said.equals(SimulatedContainer.words(row.id(), row.attempt(), row.containerId())),
                        "the result is the last attempt's: %s of %s",
                        said,
                        row);
            }
        }
        holds(
                queue.rows().size() == clients.acknowledged().size(),
                "a request that was sent again was done once: %d inputs, %d acknowledged",
                queue.rows().size(),
                clients.acknowledged().size());
    }

    /** @return what happened, and how often: outcomes, and what befell the servers */
    Map<String, Long> happened() {
        var all = new TreeMap<>(outcomes());
        all.put("DEATHS", (long) started - servers.size());
        all.put("STALLS", stalls);
        all.put("TAKEOVERS", leases.takeovers());
        return all;
    }

    private Map<String, Long> outcomes() {
        return clients.acknowledged().keySet().stream()
                .map(call -> queue.outputsOf(call).getFirst().outcome().name())
                .collect(Collectors.groupingBy(name -> name, TreeMap::new, Collectors.counting()));
    }
}
