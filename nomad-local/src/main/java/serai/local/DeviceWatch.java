// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.System.Logger.Level;
import java.time.Duration;
import serai.local.control.Evaluator;
import serai.local.device.Inventory;
import serai.local.doc.Json;
import serai.local.state.Store;
import serai.local.state.Table;
import serai.local.state.UnwritableException;

/** Keeps the node's devices up to date: one that turns unhealthy gets no new work, one that is back may have a taker. */
final class DeviceWatch implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(DeviceWatch.class.getName());

    /** A declaration is a file; asking the driver costs it up to a second. */
    private static final Duration STAND_INS = Duration.ofSeconds(1);

    private static final Duration DRIVER = Duration.ofSeconds(30);

    private final Thread thread;

    private DeviceWatch(Thread thread) {
        this.thread = thread;
    }

    static DeviceWatch over(Inventory devices, Store store, Evaluator evaluator) {
        Duration pause = devices.isStandIn() ? STAND_INS : DRIVER;
        return new DeviceWatch(Thread.ofVirtual().name("devices").start(() -> {
            try {
                boolean changed = false;
                while (true) {
                    Thread.sleep(pause);
                    changed |= devices.refresh();
                    if (changed) {
                        changed = !shown(devices, store);
                        evaluator.unblock();
                    }
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt(); // the agent ends
            } catch (RuntimeException e) {
                LOG.log(Level.ERROR, "devices are not looked at any more", e);
            }
        }));
    }

    /** @return false while the disk has no room for it */
    private static boolean shown(Inventory devices, Store store) {
        try {
            show(devices, store);
            return true;
        } catch (UnwritableException e) {
            LOG.log(Level.WARNING, "a change of the devices waits: {0}", e.getMessage());
            return false;
        }
    }

    private static void show(Inventory devices, Store store) {
        store.commit("NodeRegistration", commit -> {
            ObjectNode node = commit.all(Table.NODES).findFirst().orElseThrow();
            JsonNode now = devices.doc().<JsonNode>map(d -> d).orElse(NullNode.getInstance());
            ObjectNode resources = Json.with((ObjectNode) node.get("NodeResources"), "Devices", now);
            commit.putNode(Json.with(node, "NodeResources", resources));
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
