// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import serai.serve.Door;

/**
 * The containers of a pool that serve HTTP, as this server uses them: which of them gets the next request. They are filled one after
 * the other up to the number that each should have, so that what is not needed falls idle; beyond it, the one with the fewest is next.
 */
final class House {
    private final Limits limits;
    private final Map<String, Room> rooms = new HashMap<>();
    private List<Room> open = List.of();
    private int waiting;
    private int refused;

    /**
     * @param target requests that a container should have at a time
     * @param most that it may have, of this server
     */
    record Limits(int target, int most) {}

    /** One container. */
    static final class Room {
        /** Taken while it is told that the container is held, or is not any more. */
        final ReentrantLock turn = new ReentrantLock();

        private Door door;
        private int inUse;
        private boolean held;
        private long used;
        private long avoidedUntil;

        private Room(Door door) {
            this.door = door;
        }

        Door door() {
            return door;
        }
    }

    House(Limits limits) {
        this.limits = limits;
    }

    /** @param doors of all containers that take requests now, the most wanted first */
    synchronized void see(List<Door> doors) {
        var ids = new HashSet<String>();
        open = doors.stream()
                .map(door -> {
                    ids.add(door.containerId());
                    var room = rooms.computeIfAbsent(door.containerId(), id -> new Room(door));
                    room.door = door;
                    return room;
                })
                .toList();
        rooms.values().removeIf(room -> !ids.contains(room.door.containerId()) && room.inUse == 0 && !room.held);
    }

    /** @return where the next request goes, which counts from now on; empty if nothing is open, or has room */
    synchronized Optional<Room> take(long now) {
        Predicate<Room> takes = room -> room.inUse < limits.most && room.avoidedUntil - now <= 0;
        var next = open.stream()
                .filter(takes.and(room -> room.inUse < limits.target))
                .findFirst()
                .or(() -> open.stream().filter(takes).min(Comparator.comparingInt(room -> room.inUse)));
        next.ifPresent(room -> room.inUse++);
        return next;
    }

    /** A request that was taken is over. */
    synchronized void leave(Room room, long now) {
        room.inUse--;
        room.used = now;
    }

    /** It could not be reached. */
    synchronized void avoid(Room room, long until) {
        room.avoidedUntil = until;
    }

    /** It takes no more: the next look will not show it. */
    synchronized void shut(Room room) {
        open = open.stream().filter(other -> other != room).toList();
    }

    synchronized boolean isHeld(Room room) {
        return room.held;
    }

    synchronized void held(Room room) {
        room.held = true;
    }

    /** Somebody took us for gone. @return it, if it is in use: then it is to be held again */
    synchronized Optional<Room> lose(String containerId) {
        var room = Optional.ofNullable(rooms.get(containerId));
        room.ifPresent(lost -> lost.held = false);
        return room.filter(lost -> lost.inUse > 0);
    }

    /** @return those that are not used since then, which count as not held from now on */
    synchronized List<Room> release(long before) {
        var unused = new ArrayList<Room>();
        for (var room : rooms.values()) {
            if (room.held && room.inUse == 0 && room.used - before <= 0) {
                room.held = false;
                unused.add(room);
            }
        }
        return unused;
    }

    /** @return whether containers are open, all of which have as many as they may have; that is counted as work that waits */
    synchronized boolean isFull() {
        boolean full = !open.isEmpty() && open.stream().allMatch(room -> room.inUse >= limits.most);
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
        rooms.forEach((id, room) -> {
            if (room.held) {
                inUse.put(id, room.inUse);
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
