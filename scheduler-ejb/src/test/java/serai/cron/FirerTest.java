// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.cron;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import serai.app.App;
import serai.app.Apps;
import serai.app.Layout;
import serai.function.Function;
import serai.id.NewId;
import serai.problem.Problem;
import serai.problem.ProblemException;
import serai.schedule.Arguments;
import serai.schedule.Cron;
import serai.schedule.Every;
import serai.schedule.Firing;
import serai.schedule.Schedule;
import serai.schedule.Timetable;
import serai.server.TestServer;

class FirerTest {
    private static final Instant NOON = Instant.parse("2030-01-01T12:00:00Z");
    private static final Duration TOLERANCE = Duration.ofSeconds(10);
    private static final Duration PATIENCE = Duration.ofSeconds(2);
    private static final Timetable EACH_MINUTE = Cron.of("* * * * *", "UTC");
    private static final Timetable EACH_HOUR = Cron.of("@hourly", "UTC");
    private static final byte[] PAYLOAD = {1, 2, 3};

    /** Hours and half hours of summer time on both sides of the equator, none at all, and a clock that moves at midnight. */
    private static final List<String> ZONES = List.of(
            "UTC",
            "Europe/Berlin",
            "Europe/London",
            "America/New_York",
            "America/Los_Angeles",
            "America/Sao_Paulo",
            "America/Santiago",
            "Asia/Kolkata",
            "Asia/Beirut",
            "Australia/Lord_Howe",
            "Pacific/Auckland",
            "Africa/Cairo");

    private final TestServer server = new TestServer();
    private final AtomicReference<Instant> clock = new AtomicReference<>(NOON);
    private final Firer firer = firer(TOLERANCE, Runnable::run);

    @BeforeEach
    void noContainersPlease() {
        server.signals.onUnheard(topic -> {});
    }

    /** The clock is for all servers on the database, and so are pools that have work. */
    @AfterEach
    void leaveNothingForOthers() {
        var workspace = server.tenant.workspaceId();
        server.jdbi.useHandle(h -> {
            h.execute("delete from schedule where workspace_id = ?", workspace);
            h.execute("delete from function_call where workspace_id = ?", workspace);
            h.execute("update pool set state = 'GONE' where workspace_id = ?", workspace);
        });
    }

    private Firer firer(Duration tolerance, Executor threads) {
        return server.firer(tolerance, threads, clock::get);
    }

    private Function function() {
        return server.function(server.app());
    }

    private Schedule deploy(Timetable timetable) {
        return deploy(function(), timetable);
    }

    private Schedule deploy(Function function, Timetable timetable) {
        publish(function, timetable, App.State.DEPLOYED);
        return of(function);
    }

    private void publish(Function function, Timetable timetable, App.State state) {
        var definition = server.define(function, 0, Duration.ofMinutes(1));
        if (timetable != null) {
            server.schedules.declare(definition, timetable, new Arguments(PAYLOAD, 7));
        }
        var layout = new Layout(Map.of(function.name(), function.id()), Map.of());
        var publication = new Apps.Publication(NewId.of("name"), state, "", "1.6.4", layout);
        server.deployments.publish(
                server.tenant, function.appId(), publication, Map.of(function.id(), definition.id()), clock.get());
        server.schedules.follow(function.appId(), clock.get());
    }

    private List<Schedule> list() {
        return server.schedules.list(server.tenant, null, null, 1_000);
    }

    private Schedule of(Function function) {
        return list().stream()
                .filter(schedule -> schedule.functionId().equals(function.id()))
                .findFirst()
                .orElseThrow();
    }

    private Schedule reload(Schedule schedule) {
        return server.schedules.get(server.tenant, schedule.id());
    }

    /** Oldest first. */
    private List<Firing> firings(Schedule schedule) {
        return server.schedules.firings(schedule, null, 100_000).reversed();
    }

    private List<Instant> slots(Schedule schedule, Firing.Outcome outcome) {
        return firings(schedule).stream()
                .filter(firing -> firing.outcome() == outcome)
                .map(Firing::slot)
                .toList();
    }

    private int calls(Schedule schedule) {
        return server.jdbi.withHandle(
                h -> h.createQuery("select count(*) from function_call where function_id = :function")
                        .bind("function", schedule.functionId())
                        .mapTo(Integer.class)
                        .one());
    }

    private void at(Instant time) {
        clock.set(time);
        firer.fire();
    }

    private static Instant after(int seconds) {
        return NOON.plusSeconds(seconds);
    }

    @Test
    void givenASlot_whenItsTimeHasCome_thenItIsACallWithWhatTheEdgeSaid() {
        var schedule = deploy(EACH_MINUTE);
        at(after(59));
        assertThat(firings(schedule)).isEmpty();

        at(after(60));

        assertThat(firings(schedule)).singleElement().satisfies(firing -> {
            assertThat(firing.slot()).isEqualTo(after(60));
            assertThat(firing.late()).isFalse();
            assertThat(firing.reason()).isEmpty();
            var call = server.calls.get(server.tenant, firing.callId());
            assertThat(call.invocation()).isEqualTo(7);
            assertThat(call.inputs()).isEqualTo(1);
        });
        assertThat(reload(schedule).nextAt()).isEqualTo(after(120));
        assertThat(payload(schedule)).isEqualTo(PAYLOAD);
    }

    private byte[] payload(Schedule schedule) {
        return server.jdbi.withHandle(h -> h.createQuery("""
                        select p.content from function_call c join input i on i.call_id = c.id
                            join input_payload p on p.input_id = i.id where c.function_id = :function""")
                .bind("function", schedule.functionId())
                .mapTo(byte[].class)
                .one());
    }

    /** A leap year; both servers look every four weeks, and what is due then is in time. */
    @Test
    void givenAYearInTwelveZonesAndTwoServers_whenBothFire_thenTheFiringsAreTheSlots() throws Exception {
        var begin = Instant.parse("2028-01-01T00:00:00Z");
        var end = Instant.parse("2028-12-31T23:59:59Z");
        clock.set(begin);
        var schedules = new ArrayList<Schedule>();
        for (var zone : ZONES) {
            schedules.add(deploy(Cron.of("30 2 * * 0,5", zone))); // weekdays on which clocks are changed
            schedules.add(deploy(Cron.of("15 0-2 * 3,4,9,10 0", zone)));
            schedules.add(deploy(Cron.of("*/30 1 * 3,4,9,10 0", zone)));
            schedules.add(deploy(Cron.of("0 12 29 2 *", zone)));
        }
        var barrier = new CyclicBarrier(2);
        try (var servers = Executors.newFixedThreadPool(2)) {
            var month = Duration.ofDays(28);
            var one = firer(month.plusDays(1), Runnable::run);
            var other = firer(month.plusDays(1), Runnable::run);
            for (var now = begin; now.isBefore(end); now = now.plus(month).isBefore(end) ? now.plus(month) : end) {
                clock.set(now);
                var races = List.of(one, other).stream()
                        .map(racer -> servers.submit(() -> {
                            barrier.await();
                            racer.fire();
                            return null;
                        }))
                        .toList();
                for (var race : races) {
                    race.get();
                }
            }
            clock.set(end);
            one.fire();
        }
        for (var schedule : schedules) {
            var expected = new ArrayList<Instant>();
            for (var slot = schedule.timetable().next(begin, begin).orElseThrow();
                    !slot.isAfter(end);
                    slot = schedule.timetable().next(slot, begin).orElseThrow()) {
                expected.add(slot);
            }
            assertThat(slots(schedule, Firing.Outcome.FIRED))
                    .as(schedule.timetable().toString())
                    .isEqualTo(expected);
            assertThat(slots(schedule, Firing.Outcome.SKIPPED)).isEmpty();
            assertThat(calls(schedule)).isEqualTo(expected.size());
        }
    }

    @Test
    void givenEightServers_whenAllFireTheSameSlot_thenThereIsOneCall() throws Exception {
        var schedule = deploy(EACH_MINUTE);
        clock.set(after(60));
        var barrier = new CyclicBarrier(8);
        try (var servers = Executors.newFixedThreadPool(8)) {
            var races = java.util.stream.IntStream.range(0, 8)
                    .mapToObj(i -> servers.submit(() -> {
                        barrier.await();
                        return server.firings.fire(schedule.id(), clock.get(), TOLERANCE, PATIENCE);
                    }))
                    .toList();
            int made = 0;
            for (var race : races) {
                made += race.get().size();
            }
            assertThat(made).isEqualTo(1);
        }
        assertThat(calls(schedule)).isEqualTo(1);
        assertThat(firings(schedule)).hasSize(1);
    }

    /** What a server finds that lost its view of next_at: the row decides. */
    @Test
    void givenASlotThatHasItsRow_whenItComesAgain_thenThereIsNoSecondCall() {
        var schedule = deploy(EACH_MINUTE);
        at(after(60));
        server.jdbi.useHandle(h -> h.execute("update schedule set next_at = ? where id = ?", after(60), schedule.id()));
        at(after(61));
        assertThat(calls(schedule)).isEqualTo(1);
        assertThat(reload(schedule).nextAt()).isEqualTo(after(120));
    }

    @Test
    void givenThatNoServerWasThere_whenOneComesBack_thenOneLateFiringAndTheOlderSlotsAreSkipped() {
        var schedule = deploy(EACH_MINUTE);
        at(after(5 * 60 + 30));
        assertThat(slots(schedule, Firing.Outcome.SKIPPED))
                .containsExactly(after(60), after(120), after(180), after(240));
        var late = firings(schedule).getLast();
        assertThat(late.slot()).isEqualTo(after(300));
        assertThat(late.late()).isTrue();
        assertThat(late.reason()).contains("No server");
        assertThat(calls(schedule)).isEqualTo(1);
        at(after(360));
        assertThat(firings(schedule).getLast().late()).isFalse();
        assertThat(calls(schedule)).isEqualTo(2);
    }

    @Test
    void givenAPause_whenItEnds_thenOneLateFiringAndTheOlderSlotsAreSkipped() {
        var schedule = deploy(Every.of(0, 0, 0, 0, 0, 0, 2));
        at(after(2));
        clock.set(after(3));
        assertThat(server.schedules
                        .pause(server.tenant, schedule.id(), clock.get())
                        .state())
                .isEqualTo(Schedule.State.PAUSED);
        at(after(9));
        assertThat(firings(schedule)).hasSize(1);
        server.schedules.resume(server.tenant, schedule.id(), clock.get());
        at(after(9));
        assertThat(slots(schedule, Firing.Outcome.SKIPPED)).containsExactly(after(4), after(6));
        var late = firings(schedule).getLast();
        assertThat(late.slot()).isEqualTo(after(8));
        assertThat(late.late()).isTrue();
        assertThat(late.reason()).contains("paused");
        at(after(10));
        assertThat(firings(schedule).getLast().late()).isFalse();
    }

    @Test
    void givenAPauseWithoutASlot_whenItEnds_thenNothingIsLate() {
        var schedule = deploy(EACH_MINUTE);
        server.schedules.pause(server.tenant, schedule.id(), after(10));
        server.schedules.resume(server.tenant, schedule.id(), after(20));
        at(after(60));
        assertThat(firings(schedule))
                .singleElement()
                .satisfies(f -> assertThat(f.late()).isFalse());
    }

    @Test
    void givenARedeployment_thenTheSameScheduleHasTheNewTimetableAtOnceAndKeepsItsPause() {
        var function = function();
        var before = deploy(function, EACH_MINUTE);
        server.schedules.pause(server.tenant, before.id(), clock.get());
        clock.set(after(30));
        var now = deploy(function, Every.of(0, 0, 0, 0, 0, 0, 45));
        assertThat(now.id()).isEqualTo(before.id());
        assertThat(now.state()).isEqualTo(Schedule.State.PAUSED);
        assertThat(now.nextAt()).isEqualTo(after(75));
        server.schedules.resume(server.tenant, now.id(), after(31));
        at(after(60));
        assertThat(firings(now)).isEmpty();
        at(after(75));
        assertThat(firings(now)).hasSize(1);
    }

    @Test
    void givenTheSamePublicationAgain_whenFollowed_thenThePeriodGoesOn() {
        var function = function();
        var schedule = deploy(function, Every.of(0, 0, 0, 0, 1, 0, 0));
        server.schedules.follow(function.appId(), after(1_000));
        assertThat(reload(schedule).since()).isEqualTo(NOON);
        assertThat(reload(schedule).nextAt()).isEqualTo(schedule.nextAt());
    }

    @Test
    void givenADefinitionWithoutSchedule_whenItIsDeployed_thenTheScheduleEnds() {
        var function = function();
        var schedule = deploy(function, EACH_MINUTE);
        publish(function, null, App.State.DEPLOYED);
        assertThat(reload(schedule).state()).isEqualTo(Schedule.State.ENDED);
        at(after(60));
        assertThat(firings(schedule)).isEmpty();
        assertThat(list()).isEmpty();
        deploy(function, EACH_MINUTE);
        assertThat(reload(schedule).state()).isEqualTo(Schedule.State.ACTIVE);
    }

    @Test
    void givenAnAppThatIsNotDeployed_whenItIsPublished_thenItHasNoSchedule() {
        publish(function(), EACH_MINUTE, App.State.EPHEMERAL);
        assertThat(list()).isEmpty();
    }

    @Test
    void givenAnAppThatStops_thenItsSchedulesEndWithIt() {
        var schedule = deploy(EACH_MINUTE);
        server.publisher.stopped(schedule.appId());
        assertThat(reload(schedule).state()).isEqualTo(Schedule.State.ENDED);
        at(after(60));
        assertThat(firings(schedule)).isEmpty();
        assertThatThrownBy(() -> server.firings.fireNow(server.tenant, schedule.id(), clock.get()))
                .isInstanceOf(ProblemException.class)
                .satisfies(e -> assertThat(((ProblemException) e).problem()).isEqualTo(Problem.SCHEDULE_ENDED));
    }

    /** The server died after the stop was committed and before the schedules heard of it. */
    @Test
    void givenAStopThatTheSchedulesDidNotHearOf_thenNothingFiresAndTheNextServerEndsThem() {
        var schedule = deploy(EACH_MINUTE);
        server.apps.stop(schedule.appId(), clock.get());
        at(after(60));
        assertThat(firings(schedule)).isEmpty();
        firer.follow();
        assertThat(reload(schedule).state()).isEqualTo(Schedule.State.ENDED);
        assertThat(server.schedules.strayed()).doesNotContain(schedule.appId());
    }

    /** The server died after the publication was committed and before the schedules heard of it. */
    @Test
    void givenAPublicationThatTheSchedulesDidNotHearOf_thenTheNextServerMakesThem() {
        var function = function();
        var schedule = deploy(function, EACH_MINUTE);
        server.jdbi.useHandle(h -> h.execute("delete from schedule where id = ?", schedule.id()));
        firer.follow();
        assertThat(of(function).nextAt()).isEqualTo(after(60));
    }

    @Test
    void givenAFailureInTheMiddle_thenNothingIsHalfMadeAndOthersFire() {
        var broken = deploy(EACH_MINUTE);
        var sound = deploy(EACH_MINUTE);
        server.jdbi.useHandle(
                h -> h.execute("alter table schedule add constraint broken check (id <> '%s' or next_at <= '%s')"
                        .formatted(broken.id(), after(60)))); // the last statement of its firing fails
        try {
            at(after(60));
            assertThat(firings(broken)).isEmpty();
            assertThat(calls(broken)).isZero();
            assertThat(reload(broken).nextAt()).isEqualTo(after(60));
            assertThat(firings(sound)).hasSize(1);
        } finally {
            server.jdbi.useHandle(h -> h.execute("alter table schedule drop constraint broken"));
        }
        at(after(65));
        assertThat(firings(broken)).as("it rests for a while").isEmpty();
        at(after(70));
        assertThat(slots(broken, Firing.Outcome.FIRED)).containsExactly(after(60));
        assertThat(calls(broken)).isEqualTo(1);
    }

    @Test
    void givenAScheduleThatHangs_whenOthersAreDue_thenTheyAreNotDelayed() {
        var stuck = deploy(EACH_MINUTE);
        var free = deploy(EACH_MINUTE);
        var threads = firer(Duration.ofMinutes(1), work -> Thread.ofVirtual().start(work));
        clock.set(after(60));
        server.jdbi.useTransaction(h -> {
            h.execute("select id from function where id = ? for update", stuck.functionId());
            threads.fire();
            server.await("the other one fired", () -> firings(free).size() == 1);
            assertThat(firings(stuck)).isEmpty();
        });
        server.await("it fires when it can", () -> {
            clock.updateAndGet(now -> now.plusMillis(100));
            threads.fire();
            return firings(stuck).size() == 1;
        });
        assertThat(calls(free)).isEqualTo(1);
    }

    @Test
    void givenAnAppThatIsBeingRolledOut_whenItsScheduleIsDue_thenItIsLeftAtOnceAndFiresAtTheNextLook() {
        var schedule = deploy(EACH_MINUTE);
        clock.set(after(60));
        server.together(() -> {
            server.apps.hold(schedule.appId());
            server.beside(firer::fire).join();
        });
        assertThat(firings(schedule)).isEmpty();

        at(after(61));

        assertThat(slots(schedule, Firing.Outcome.FIRED))
                .as("it did not fail and rest")
                .containsExactly(after(60));
    }

    @Test
    void givenAnAppThatIsBeingRolledOut_whenItsScheduleIsFiredByHand_thenThatWaitsAndIsACall() {
        var schedule = deploy(EACH_MINUTE);
        var firing = new AtomicReference<CompletableFuture<Void>>();
        server.together(() -> {
            server.apps.hold(schedule.appId());
            firing.set(server.beside(() -> server.firings.fireNow(server.tenant, schedule.id(), clock.get())));
            server.beside(() -> server.awaitWaiting(1, "app")).join();
        });
        firing.get().join();
        assertThat(calls(schedule)).isEqualTo(1);
    }

    @Test
    void firingByHandWorksInAPauseAndLeavesTheSlotsAsTheyAre() {
        var schedule = deploy(EACH_MINUTE);
        server.schedules.pause(server.tenant, schedule.id(), clock.get());
        var first = server.firings.fireNow(server.tenant, schedule.id(), clock.get());
        var second = server.firings.fireNow(server.tenant, schedule.id(), clock.get());
        assertThat(first).isNotEqualTo(second);
        assertThat(firings(schedule)).extracting(Firing::callId).containsExactly(first, second);
        assertThat(reload(schedule).nextAt()).isEqualTo(after(60));
    }

    @Test
    void givenOldFirings_whenTheyAreForgotten_thenTheSlotsDoNotComeAgain() {
        var schedule = deploy(EACH_HOUR);
        at(NOON.plus(Duration.ofHours(1)));
        clock.set(NOON.plus(Duration.ofDays(40)));
        firer.forget();
        assertThat(firings(schedule)).isEmpty();
        assertThat(calls(schedule)).isEqualTo(1);
        firer.fire();
        assertThat(slots(schedule, Firing.Outcome.FIRED)).containsExactly(NOON.plus(Duration.ofDays(40)));
    }

    @Test
    void anotherWorkspaceSeesNothing() {
        var schedule = deploy(EACH_MINUTE);
        var stranger = new TestServer().tenant;
        assertThat(server.schedules.list(stranger, null, null, 10)).isEmpty();
        assertThatThrownBy(() -> server.schedules.pause(stranger, schedule.id(), clock.get()))
                .isInstanceOf(ProblemException.class);
        assertThatThrownBy(() -> server.firings.fireNow(stranger, schedule.id(), clock.get()))
                .isInstanceOf(ProblemException.class);
        assertThat(reload(schedule).state()).isEqualTo(Schedule.State.ACTIVE);
    }
}
