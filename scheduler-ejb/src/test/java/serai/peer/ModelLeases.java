// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.peer;

import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import serai.model.Steps;

/** {@link Leases} of one of several servers, on a table in memory that all of them share. */
public final class ModelLeases extends Leases {
    private final Table table;
    private final String server;
    private final Steps steps;

    /** Who has which name, by the database's clock. */
    public static final class Table {
        private final Map<String, Row> rows = new HashMap<>();
        private final InstantSource clock;
        private long takeovers;

        public Table(InstantSource clock) {
            this.clock = clock;
        }

        private record Row(String server, Instant until) {}

        /** @return how often one server took what another had */
        public long takeovers() {
            return takeovers;
        }

        private boolean take(String name, String server) {
            var now = clock.instant();
            var next = new Row(server, now.plus(TERM));
            var row = rows.get(name);
            boolean isFree = row == null
                    || row.server().equals(server)
                    || row.until().isBefore(now)
                    || row.until().isAfter(next.until());
            if (isFree) {
                rows.put(name, next);
                takeovers += row == null || row.server().equals(server) ? 0 : 1;
            }
            return isFree;
        }
    }

    /** @param nanoTime of the server's machine, which nobody sets */
    public ModelLeases(Table table, String server, LongSupplier nanoTime, Steps steps) {
        super(null, null, nanoTime);
        this.table = table;
        this.server = server;
        this.steps = steps;
    }

    @Override
    List<String> take(Set<String> names) {
        return steps.of(
                () -> names.stream().filter(name -> table.take(name, server)).toList());
    }
}
