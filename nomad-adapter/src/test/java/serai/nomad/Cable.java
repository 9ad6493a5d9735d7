// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Between us and an agent; can be cut. */
final class Cable implements AutoCloseable {
    private final InetSocketAddress agent;
    private final ServerSocket end;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private volatile boolean plugged = true;

    Cable(URI agent) {
        this.agent = new InetSocketAddress(agent.getHost(), agent.getPort());
        try {
            end = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.ofVirtual().start(this::accept);
    }

    URI address() {
        return URI.create("http://127.0.0.1:" + end.getLocalPort());
    }

    void cut() {
        plugged = false;
        open.forEach(Cable::closed);
    }

    void plugIn() {
        plugged = true;
    }

    @Override
    public void close() throws IOException {
        end.close();
        cut();
    }

    private void accept() {
        try {
            while (true) {
                connect(end.accept());
            }
        } catch (IOException e) {
            cut(); // the test is over
        }
    }

    private void connect(Socket ours) throws IOException {
        if (!plugged) {
            ours.close();
            return;
        }
        var theirs = new Socket(agent.getAddress(), agent.getPort());
        pump(ours, theirs);
        pump(theirs, ours);
    }

    private void pump(Socket from, Socket to) {
        open.add(from);
        Thread.ofVirtual().start(() -> {
            try {
                from.getInputStream().transferTo(to.getOutputStream());
            } catch (IOException e) {
                // either side hung up: so does the other
            } finally {
                closed(from);
                closed(to);
                open.remove(from);
            }
        });
    }

    private static void closed(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
