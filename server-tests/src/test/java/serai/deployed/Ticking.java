// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.deployed;

import jakarta.annotation.Resource;
import jakarta.ejb.Schedule;
import jakarta.ejb.Singleton;
import jakarta.ejb.Startup;
import jakarta.ejb.TransactionManagement;
import jakarta.ejb.TransactionManagementType;
import jakarta.inject.Inject;
import jakarta.transaction.TransactionSynchronizationRegistry;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A timer as ours are, whose work fails at each tick, as when the database is away. */
@Startup
@Singleton
@TransactionManagement(TransactionManagementType.BEAN)
public class Ticking {
    private final List<Integer> seen = new CopyOnWriteArrayList<>();

    @Resource(lookup = "java:comp/TransactionSynchronizationRegistry")
    private TransactionSynchronizationRegistry transactions;

    @Inject
    private TwoWrites writes;

    @Schedule(hour = "*", minute = "*", second = "*", persistent = false)
    void tick() {
        seen.add(transactions.getTransactionStatus());
        try {
            writes.keepAndFail("never");
        } catch (IllegalStateException e) {
            // the next tick is what this is about
        }
    }

    /** @return the status of the transaction at each tick, as {@link jakarta.transaction.Status} */
    public List<Integer> seen() {
        return seen;
    }
}
