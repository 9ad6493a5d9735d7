// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import serai.serve.Door;

/**
 * The containers of a pool that serve HTTP, as this server uses them: which of them gets the next request. They are filled one after
 * the other up to the number that each should have, so that what is not needed falls idle; beyond it, the one with the fewest is next.
 * Servers beside each other fill them in the order of their ids: each counts what those before it have there, as they told it last.
 */
final class Balancer {
    private final Limits limits;
    private final Map<String, Backend> backends = new HashMap<>();
    private List<Backend> open = List.of();
    private int waiting;
    private int refused;

    /**
     * @param target requests that a container should have at a time
     * @param most that it may have, of this server
     */
    record Limits(int target, int most) {}

    /** One container. */
    static final class Backend {
        /** Taken while it is told that the container is held, or is not any more. */
        final ReentrantLock turn = new ReentrantLock();

        private Door door;
        private int inUse;
        private int before;
        private boolean held;
        private long used;
        private long avoidedUntil;

        private Backend(Door door) {
            this.door = door;
        }

        Door door() {
            return door;
        }

        private int load() {
            return before + inUse;
        }
    }

    Balancer(Limits limits) {
        this.limits = limits;
    }

    /**
     * @param doors of all containers that take requests now, the most wanted first
     * @param before requests that servers before this one have under way, by container
     */
    synchronized void see(List<Door> doors, Map<String, Integer> before) {
        var ids = new HashSet<String>();
        open = doors.stream()
                .map(door -> {
                    ids.add(door.containerId());
                    var backend = backends.computeIfAbsent(door.containerId(), id -> new Backend(door));
                    backend.door = door;
                    backend.before = before.getOrDefault(door.containerId(), 0);
                    return backend;
                })
                .toList();
        backends.values()
                .removeIf(backend -> !ids.contains(backend.door.containerId()) && backend.inUse == 0 && !backend.held);
    }

    /** @return where the next request goes, which counts from now on; empty if nothing is open, or has room */
    synchronized Optional<Backend> take(long now) {
        Backend next = null;
        for (var backend : open) {
            if (backend.inUse >= limits.most || backend.avoidedUntil - now > 0) {
                continue;
            }
            if (backend.load() < limits.target) {
                next = backend;
                break;
            }
            if (next == null || backend.load() < next.load()) {
                next = backend;
            }
        }
        if (next != null) {
            next.inUse++;
        }
        return Optional.ofNullable(next);
    }

    /** As {@link #take}. @return empty as well if that one is not held yet */
    synchronized Optional<Backend> takeHeld(long now) {
        var next = take(now);
        next.filter(backend -> !backend.held).ifPresent(backend -> backend.inUse--);
        return next.filter(backend -> backend.held);
    }

    /** A request that was taken is over. */
    synchronized void leave(Backend backend, long now) {
        backend.inUse--;
        backend.used = now;
    }

    /** It could not be reached. */
    synchronized void avoid(Backend backend, long until) {
        backend.avoidedUntil = until;
    }

    /** It takes no more: the next look will not show it. */
    synchronized void shut(Backend backend) {
        open = open.stream().filter(other -> other != backend).toList();
    }

    synchronized boolean isHeld(Backend backend) {
        return backend.held;
    }

    synchronized void held(Backend backend) {
        backend.held = true;
    }

    /** Somebody took us for gone. @return it, if it is in use: then it is to be held again */
    synchronized Optional<Backend> lose(String containerId) {
        var backend = Optional.ofNullable(backends.get(containerId));
        backend.ifPresent(lost -> lost.held = false);
        return backend.filter(lost -> lost.inUse > 0);
    }

    /** @return those that are not used since then, which count as not held from now on */
    synchronized List<Backend> release(long before) {
        var unused = new ArrayList<Backend>();
        for (var backend : backends.values()) {
            if (backend.held && backend.inUse == 0 && backend.used - before <= 0) {
                backend.held = false;
                unused.add(backend);
            }
        }
        return unused;
    }

    /** @return whether containers are open, all of which have as many as they may have; that is counted as work that waits */
    synchronized boolean isFull() {
        boolean full = !open.isEmpty() && open.stream().allMatch(backend -> backend.inUse >= limits.most);
        if (full) {
            refused++;
        }
        return full;
    }

    /** @return whether it is the first that waits */
    synchronized boolean beginWaiting() {
        return waiting++ == 0;
    }

    synchronized void endWaiting() {
        waiting--;
    }

    synchronized int waiting() {
        return waiting;
    }

    /** @return what is to be told of it; what was refused is told once */
    synchronized Report report() {
        var inUse = new HashMap<String, Integer>();
        backends.forEach((id, backend) -> {
            if (backend.held) {
                inUse.put(id, backend.inUse);
            }
        });
        var report = new Report(waiting + refused, Map.copyOf(inUse));
        refused = 0;
        return report;
    }

    /**
     * @param waiting requests, and those that found all containers full
     * @param inUse by container that is held
     */
    record Report(int waiting, Map<String, Integer> inUse) {
        static final Report NOTHING = new Report(0, Map.of());
    }
}
