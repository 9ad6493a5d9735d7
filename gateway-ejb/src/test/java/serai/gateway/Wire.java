// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** One end of a connection, byte by byte; a char is a byte. */
class Wire implements AutoCloseable {
    private static final int MILLIS = 30_000;

    final Socket socket;
    final InputStream in;

    Wire(Socket socket) throws IOException {
        this.socket = socket;
        socket.setSoTimeout(MILLIS);
        socket.setTcpNoDelay(true);
        in = new BufferedInputStream(socket.getInputStream());
    }

    void write(String text) throws IOException {
        write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    void write(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        socket.getOutputStream().flush();
    }

    String line() throws IOException {
        var text = until("\n");
        return text.substring(0, text.length() - 1);
    }

    /** A head, with its empty line. */
    String head() throws IOException {
        return until("\r\n\r\n");
    }

    String until(String end) throws IOException {
        var text = new StringBuilder();
        while (text.length() < end.length()
                || !text.substring(text.length() - end.length()).equals(end)) {
            int b = in.read();
            if (b < 0) {
                throw new EOFException("after: " + text);
            }
            text.append((char) b);
        }
        return text.toString();
    }

    String read(int bytes) throws IOException {
        return new String(in.readNBytes(bytes), StandardCharsets.ISO_8859_1);
    }

    /** The content of chunks up to the last one, which is left with what follows. */
    byte[] chunks() throws IOException {
        var all = new ByteArrayOutputStream();
        int size;
        while ((size = Integer.parseInt(line().strip(), 16)) > 0) {
            all.write(in.readNBytes(size));
            line();
        }
        return all.toByteArray();
    }

    /** Everything up to the end, however that comes. */
    String rest() throws IOException {
        var all = new ByteArrayOutputStream();
        try {
            in.transferTo(all);
        } catch (java.net.SocketException e) {
            // a reset is an end, too
        }
        return all.toString(StandardCharsets.ISO_8859_1);
    }

    /** Ends it without a word. */
    void reset() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
