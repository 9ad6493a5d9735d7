// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import java.util.concurrent.ConcurrentHashMap;

/** Requests of each function that have no answer yet, on this server: how many, and what they have sent. */
final class Waiting {
    private final ConcurrentHashMap<String, Load> loads = new ConcurrentHashMap<>();

    /**
     * @param unborn of them, those that the queue does not know yet
     * @param bytes that are kept for them
     */
    record Load(int requests, int unborn, long bytes) {
        private static final Load NONE = new Load(0, 0, 0);

        private Load plus(int more, int moreUnborn, long moreBytes) {
            return new Load(requests + more, unborn + moreUnborn, bytes + moreBytes);
        }
    }

    /** One request. Leave it in any case, once is enough. */
    final class Place implements AutoCloseable {
        private final String function;
        private long bytes;
        private boolean born;
        private boolean left;

        private Place(String function) {
            this.function = function;
        }

        /** So much is kept for it now. */
        synchronized void holds(long now) {
            if (!left) {
                add(function, 0, 0, now - bytes);
                bytes = now;
            }
        }

        synchronized long held() {
            return bytes;
        }

        /** The queue has it. */
        synchronized void isQueued() {
            if (!left && !born) {
                born = true;
                add(function, 0, -1, 0);
            }
        }

        @Override
        public synchronized void close() {
            if (!left) {
                left = true;
                add(function, -1, born ? 0 : -1, -bytes);
            }
        }
    }

    Load of(String function) {
        return loads.getOrDefault(function, Load.NONE);
    }

    Place enter(String function) {
        add(function, 1, 1, 0);
        return new Place(function);
    }

    private void add(String function, int requests, int unborn, long bytes) {
        loads.compute(function, (id, before) -> {
            var now = (before == null ? Load.NONE : before).plus(requests, unborn, bytes);
            return now.requests() == 0 ? null : now;
        });
    }
}
