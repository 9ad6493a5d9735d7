// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.System.Logger.Level;
import java.time.InstantSource;
import serai.local.client.Podman;
import serai.local.control.Alarm;
import serai.local.control.Evaluator;
import serai.local.state.Store;
import serai.local.state.Table;

/** Looks once whether containers can be run here, while the agent serves already, and shows it in the node. */
final class PodmanLook implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(PodmanLook.class.getName());

    private final Thread thread;

    private PodmanLook(Thread thread) {
        this.thread = thread;
    }

    static PodmanLook begin(Podman podman, Store store, Evaluator evaluator, Alarm alarm, InstantSource clock) {
        return new PodmanLook(Thread.ofVirtual().name("podman").start(() -> {
            if (!podman.isAsked()) {
                return;
            }
            try {
                podman.look();
                alarm.untilWritten("what podman can do", () -> {
                    show(podman, store, clock);
                    evaluator.unblock();
                });
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt(); // the agent ends
            } catch (RuntimeException e) {
                LOG.log(Level.ERROR, "containers are not offered", e);
            }
        }));
    }

    private static void show(Podman podman, Store store, InstantSource clock) {
        store.commit("NodeRegistration", commit -> {
            ObjectNode node = commit.all(Table.NODES).findFirst().orElseThrow();
            commit.putNode(podman.shown(node, clock.instant()));
            return null;
        });
    }

    @Override
    public void close() {
        thread.interrupt();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
