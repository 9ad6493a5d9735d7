// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.call;

import static java.lang.System.Logger.Level.WARNING;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jdbi.v3.core.Jdbi;
import serai.call.Chunks.Direction;
import serai.signal.Signals;

/**
 * Waits for the next piece of streams of which most are silent. Whoever waits is told by a signal; that a signal was lost is found
 * by one look now and then for all who wait on this server, instead of one by each of them.
 */
@ApplicationScoped
public class StreamWatch {
    private static final System.Logger LOG = System.getLogger(StreamWatch.class.getName());

    private final Jdbi jdbi;
    private final Set<Place> places = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean looking = new AtomicBoolean();

    /** Compared by identity: two may wait for the same. */
    private static final class Place {
        private final String callId;
        private final Direction direction;
        private final long after;
        private final Signals.Waiter waiter;

        private Place(String callId, Direction direction, long after, Signals.Waiter waiter) {
            this.callId = callId;
            this.direction = direction;
            this.after = after;
            this.waiter = waiter;
        }
    }

    @Inject
    public StreamWatch(Jdbi jdbi) {
        this.jdbi = jdbi;
    }

    public StreamWatch() {
        this(null); // for the server's proxy
    }

    /**
     * Until the stream has a piece after that ordinal, or its call is over, or for so long.
     *
     * @param waiter listens to the stream's topic
     */
    public void await(Signals.Waiter waiter, String callId, Direction direction, long after, Duration atMost)
            throws InterruptedException {
        var place = new Place(callId, direction, after, waiter);
        places.add(place);
        try {
            if (looking.compareAndSet(false, true)) {
                var thread = Thread.ofVirtual().name("stream-watch").unstarted(this::lookAgainAndAgain);
                thread.setContextClassLoader(StreamWatch.class.getClassLoader());
                thread.start();
            }
            waiter.awaitWatched(atMost);
        } finally {
            places.remove(place);
        }
    }

    private void lookAgainAndAgain() {
        try {
            do {
                Thread.sleep(Signals.SAFETY_NET);
                look();
            } while (!places.isEmpty());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            looking.set(false);
            if (!places.isEmpty()) {
                places.forEach(place -> place.waiter.ring()); // somebody came as it ended: they come again
            }
        }
    }

    private void look() {
        var all = List.copyOf(places);
        try {
            changed(all).forEach(index -> all.get(index).waiter.ring());
        } catch (RuntimeException e) {
            LOG.log(WARNING, "streams cannot be watched; each looks for itself", e);
            all.forEach(place -> place.waiter.ring());
        }
    }

    private List<Integer> changed(List<Place> all) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        select (w.place - 1)::int from unnest(:calls, :directions, :afters) with ordinality
                            as w(call, direction, after, place)
                        left join function_call c on c.id = w.call
                        where c.id is null or (c.inputs > 0 and c.outputs >= c.inputs)
                            or exists (select 1 from data_chunk d
                                where d.call_id = w.call and d.direction = w.direction and d.ordinal > w.after)""")
                .bind("calls", all.stream().map(place -> place.callId).toArray(String[]::new))
                .bind(
                        "directions",
                        all.stream().map(place -> place.direction.name()).toArray(String[]::new))
                .bind("afters", all.stream().mapToLong(place -> place.after).toArray())
                .mapTo(Integer.class)
                .list());
    }
}
