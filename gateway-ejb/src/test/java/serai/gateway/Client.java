// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import java.io.IOException;
import java.net.Socket;

/** A client of HTTP/1.1 that sends what it is told, well-formed or not. */
final class Client extends Wire {
    Client(int port) throws IOException {
        super(new Socket("127.0.0.1", port));
    }

    /** @param more lines of the head, each with its end */
    void ask(String method, String target, String... more) throws IOException {
        write(method + " " + target + " HTTP/1.1\r\nHost: A.example:8000\r\n" + String.join("", more) + "\r\n");
    }

    /** An answer whose length is told. */
    Answer answer() throws IOException {
        var head = head();
        var length = head.lines()
                .filter(line -> line.toLowerCase().startsWith("content-length:"))
                .mapToInt(line -> Integer.parseInt(line.substring(15).strip()))
                .findFirst();
        return new Answer(head, length.isPresent() ? read(length.getAsInt()) : "");
    }

    record Answer(String head, String body) {
        int status() {
            return Integer.parseInt(head.substring(9, 12));
        }
    }
}
