// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.function.IntSupplier;

/** Which port each listener gets: what is asked for, else what it had before, else the usual one, else a free one. */
final class Ports {
    static final String RPC = "SERAI_RPC_PORT";
    static final String HTTP = "SERAI_HTTP_PORT";
    static final String WEB = "SERAI_WEB_PORT";
    static final String NOMAD = "SERAI_NOMAD_PORT";
    static final String DATABASE = "SERAI_DB_PORT";
    static final String ADMIN = "SERAI_ADMIN_PORT";

    private static final Map<String, Integer> USUAL = new LinkedHashMap<>();

    static {
        USUAL.put(RPC, 50051);
        USUAL.put(HTTP, 8080);
        USUAL.put(WEB, 8000);
        USUAL.put(NOMAD, 4646);
        USUAL.put(DATABASE, 5432);
        USUAL.put(ADMIN, 4848);
    }

    /** What each server listens on; the other ports are there once. */
    static final List<String> OF_A_SERVER = List.of(RPC, HTTP, WEB, ADMIN);

    private Ports() {}

    static Map<String, Integer> usual() {
        return Map.copyOf(USUAL);
    }

    /** @return the setting of a server's port: the first server's as it stands, {@code SERAI_HTTP_PORT_2} for the second */
    static String of(String name, int server) {
        return server == 1 ? name : name + "_" + server;
    }

    /** @return the settings of all ports, by the usual port of each */
    private static Map<String, Integer> wanted(int servers) {
        var wanted = new LinkedHashMap<>(USUAL);
        for (int server = 2; server <= servers; server++) {
            for (var name : OF_A_SERVER) {
                wanted.put(of(name, server), USUAL.get(name) + server - 1);
            }
        }
        return wanted;
    }

    /**
     * @param servers how many there are to be
     * @param held ports that our own running parts listen on: they stay as they are
     * @throws Failure if a port that was asked for is taken
     */
    static Map<String, Integer> choose(
            Settings settings,
            int servers,
            Map<String, Integer> remembered,
            Map<String, Integer> held,
            IntPredicate free,
            IntSupplier any) {
        var wanted = wanted(servers);
        var chosen = new LinkedHashMap<String, Integer>(held);
        var taken = new HashSet<>(held.values());
        for (var name : wanted.keySet()) {
            var asked = settings.port(name);
            if (asked.isPresent() && !held.containsKey(name)) {
                int port = asked.getAsInt();
                if (!taken.add(port) || !free.test(port)) {
                    throw Failure.because(
                            "port %d (%s) is taken by another program: end that, or set %s to another port; unset, a free one is chosen",
                            port, name, name);
                }
                chosen.put(name, port);
            }
        }
        for (var name : wanted.keySet()) {
            if (!chosen.containsKey(name)) {
                int port = pick(
                        remembered.get(name),
                        wanted.get(name),
                        candidate -> !taken.contains(candidate) && free.test(candidate),
                        any);
                taken.add(port);
                chosen.put(name, port);
            }
        }
        return chosen;
    }

    private static int pick(Integer remembered, int usual, IntPredicate free, IntSupplier any) {
        if (remembered != null && free.test(remembered)) {
            return remembered;
        }
        if (free.test(usual)) {
            return usual;
        }
        int port = any.getAsInt();
        while (!free.test(port)) {
            port = any.getAsInt();
        }
        return port;
    }

    static boolean isFree(int port) {
        try (var socket = new ServerSocket()) {
            socket.setReuseAddress(true); // a connection in TIME_WAIT does not take the port
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    static int any() {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw Failure.from(e, "no free port: %s", e.getMessage());
        }
    }
}
