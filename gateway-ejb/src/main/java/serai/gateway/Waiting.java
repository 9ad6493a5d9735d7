// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import java.util.concurrent.ConcurrentHashMap;

/** Requests of each function that have no answer yet, on this server: how many, and what they have sent. */
final class Waiting {
    private final ConcurrentHashMap<String, Load> loads = new ConcurrentHashMap<>();

    /** @param bytes that are kept for them */
    record Load(int requests, long bytes) {
        private static final Load NONE = new Load(0, 0);

        private Load plus(int more, long bytesMore) {
            return new Load(requests + more, bytes + bytesMore);
        }
    }

    /** One request. Leave it in any case, once is enough. */
    final class Place implements AutoCloseable {
        private final String function;
        private long bytes;
        private boolean left;

        private Place(String function) {
            this.function = function;
        }

        synchronized void holds(long more) {
            if (!left) {
                bytes += more;
                add(function, 0, more);
            }
        }

        @Override
        public synchronized void close() {
            if (!left) {
                left = true;
                add(function, -1, -bytes);
            }
        }
    }

    Load of(String function) {
        return loads.getOrDefault(function, Load.NONE);
    }

    Place enter(String function) {
        add(function, 1, 0);
        return new Place(function);
    }

    private void add(String function, int requests, long bytes) {
        loads.compute(function, (id, before) -> {
            var now = (before == null ? Load.NONE : before).plus(requests, bytes);
            return now.requests() == 0 ? null : now;
        });
    }
}
