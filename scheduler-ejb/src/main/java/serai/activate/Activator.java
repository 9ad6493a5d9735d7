// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.activate;

import jakarta.annotation.PostConstruct;
import jakarta.annotation.Resource;
import jakarta.ejb.ConcurrencyManagement;
import jakarta.ejb.ConcurrencyManagementType;
import jakarta.ejb.Singleton;
import jakarta.ejb.Startup;
import jakarta.ejb.TransactionManagement;
import jakarta.ejb.TransactionManagementType;
import jakarta.enterprise.concurrent.ContextService;
import jakarta.inject.Inject;
import serai.autoscale.Reconciliations;
import serai.pool.PoolId;
import serai.signal.Signals;

/**
 * Inputs were committed and fewer containers wait for work than there are inputs: their pool is scaled at once, in the
 * path of the request but not on its time. A pool with a free container is left alone, so that a warm call costs nothing.
 */
@Startup
@Singleton
@ConcurrencyManagement(ConcurrencyManagementType.BEAN)
@TransactionManagement(TransactionManagementType.BEAN)
public class Activator {
    private final Reconciliations reconciliations;
    private final Signals signals;

    @Resource(lookup = "java:comp/DefaultContextService")
    private ContextService contexts;

    @Inject
    public Activator(Reconciliations reconciliations, Signals signals) {
        this.reconciliations = reconciliations;
        this.signals = signals;
    }

    public Activator() {
        this(null, null); // for the server's proxy
    }

    @PostConstruct
    void listen() {
        signals.onUnheard(contexts.contextualConsumer(
                topic -> { // whoever signals may be outside of the server's context
                    switch (topic.kind()) {
                        case WORK -> reconciliations.request(new PoolId(topic.id()));
                        case POOL -> reconciliations.requestIfOwn(new PoolId(topic.id()));
                        case CALL, CONTAINER, APP -> {}
                    }
                }));
    }
}
