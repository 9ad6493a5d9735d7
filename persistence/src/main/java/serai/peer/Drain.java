// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.peer;

import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.concurrent.atomic.AtomicBoolean;
import serai.signal.Signals;

/**
 * The begin of this server's end: it counts as one that is not there, gives back what only one may do, and answers whoever waits here.
 * What is under way goes on; it is its edges that stop to take more.
 */
@ApplicationScoped
public class Drain {
    private static final System.Logger LOG = System.getLogger(Drain.class.getName());

    private final AtomicBoolean begun = new AtomicBoolean();
    private final Servers servers;
    private final Leases leases;
    private final Signals signals;

    @Inject
    public Drain(Servers servers, Leases leases, Signals signals) {
        this.servers = servers;
        this.leases = leases;
        this.signals = signals;
    }

    public Drain() {
        this(null, null, null); // for the server's proxy
    }

    public boolean hasBegun() {
        return begun.get();
    }

    /** Does nothing at the second time. */
    public void begin() {
        if (!begun.compareAndSet(false, true)) {
            return;
        }
        LOG.log(INFO, "server {0} goes down", servers.self().id());
        try {
            leases.giveBack();
            servers.leave();
        } catch (RuntimeException e) {
            LOG.log(WARNING, "the other servers find out by themselves that this one has gone: {0}", e.toString());
        }
        signals.end();
    }
}
