// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import serai.serve.Door;

/** A door with a server behind it that does what a test wants, on each connection from its beginning on. */
final class Container implements AutoCloseable {
    private static final String TOKEN = "a-token";

    final BlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();

    /** In the order in which they were opened. */
    final List<Wire> connections = new CopyOnWriteArrayList<>();

    private final BlockingQueue<Wire> over = new LinkedBlockingQueue<>();
    private final ServerSocket listener;

    interface Script {
        void serve(Wire connection) throws Exception;
    }

    Container(Script script) throws IOException {
        listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(() -> {
            while (!listener.isClosed()) {
                try {
                    var connection = new Wire(listener.accept());
                    connections.add(connection);
                    Thread.ofVirtual().start(() -> serve(script, connection));
                } catch (IOException e) {
                    return; // closed
                }
            }
        });
    }

    private void serve(Script script, Wire connection) {
        try (connection) {
            var token = connection.line();
            if (!token.equals(TOKEN)) {
                throw new IllegalStateException("not the token: " + token);
            }
            script.serve(connection);
        } catch (IOException e) {
            // its end, which the other side may bring about
        } catch (Exception | AssertionError e) {
            failures.add(e);
        } finally {
            over.add(connection);
        }
    }

    /** A server whose every request has no body and is answered so. */
    static Script answering(String answer) {
        return connection -> {
            while (true) {
                connection.head();
                connection.write(answer);
            }
        };
    }

    Door door() {
        return new Door("co-1", "127.0.0.1", listener.getLocalPort(), TOKEN);
    }

    /** The next connection that is over. */
    Wire over() throws InterruptedException {
        return over.poll(30, TimeUnit.SECONDS);
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (var connection : connections) {
            connection.close(); // their scripts end by that
        }
    }
}
