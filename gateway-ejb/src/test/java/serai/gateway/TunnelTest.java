// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TunnelTest {
    private static final String[] HANDSHAKE = {
        "Connection: Upgrade\r\n",
        "Upgrade: websocket\r\n",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        "Sec-WebSocket-Version: 13\r\n",
        "Sec-WebSocket-Extensions: permessage-deflate\r\n",
        "Sec-WebSocket-Protocol: chat\r\n"
    };

    private static final String SWITCHED = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\n"
            + "Connection: upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
            + "Sec-WebSocket-Extensions: permessage-deflate\r\nX-Mine: 1\r\n\r\n";

    private static final int LARGE = 16 << 20;

    private Container container;
    private DirectGateway gateway;

    private Client start(Container.Script script) throws Exception {
        container = new Container(script);
        gateway = new DirectGateway(container.door());
        return gateway.client();
    }

    @AfterEach
    void stop() throws Exception {
        gateway.close();
        container.close();
        assertThat(container.failures).isEmpty();
    }

    @Test
    void theHandshakeIsTheContainersAndThenBytesGoBothWays() throws Exception {
        var seen = new String[2];
        try (var client = start(connection -> {
            seen[0] = connection.head();
            connection.write(SWITCHED + "at once");
            seen[1] = connection.read(4);
            connection.write("pong");
        })) {
            client.ask("GET", "/chat?room=1", HANDSHAKE);
            var head = client.head();
            assertThat(client.read(7)).isEqualTo("at once");
            client.write("ping");
            assertThat(client.rest()).isEqualTo("pong"); // and the end

            assertThat(seen[0])
                    .startsWith("GET /chat?room=1 HTTP/1.1\r\n")
                    .contains("connection: upgrade\r\n", "upgrade: websocket\r\n")
                    .contains("sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "sec-websocket-version: 13\r\n")
                    .contains("sec-websocket-extensions: permessage-deflate\r\n", "sec-websocket-protocol: chat\r\n");
            assertThat(seen[1]).isEqualTo("ping");
            assertThat(head)
                    .startsWith("HTTP/1.1 101 ")
                    .contains("connection: upgrade\r\n", "upgrade: websocket\r\n", "x-mine: 1\r\n")
                    .contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")
                    .contains("sec-websocket-extensions: permessage-deflate\r\n");
            assertThat(gateway.ended()).isEqualTo(new DirectGateway.Ended(101, 4, 11, Optional.empty()));
        }
    }

    @Test
    void whenTheClientEndsTheContainerIsToldAfterWhatWasSent() throws Exception {
        var seen = new String[1];
        try (var client = start(connection -> {
            connection.head();
            connection.write(SWITCHED);
            seen[0] = connection.rest();
        })) {
            client.ask("GET", "/", HANDSHAKE);
            client.head();
            client.write("bye");
            client.close();
            container.over();
            assertThat(seen[0]).isEqualTo("bye");
            assertThat(gateway.ended().received()).isEqualTo(3);
        }
    }

    @Test
    void muchGoesBothWaysAtOnce() throws Exception {
        try (var client = start(connection -> {
            connection.head();
            connection.write(SWITCHED);
            sending(connection);
            connection.in.skipNBytes(LARGE);
            connection.rest();
        })) {
            client.ask("GET", "/", HANDSHAKE);
            client.head();
            var sender = sending(client);
            client.in.skipNBytes(LARGE);
            sender.join();
            client.socket.shutdownOutput();
            container.over();
            var ended = gateway.ended();
            assertThat(ended.received()).isEqualTo(LARGE);
            assertThat(ended.sent()).isEqualTo(LARGE);
        }
    }

    private static Thread sending(Wire wire) {
        return Thread.ofVirtual().start(() -> {
            try {
                for (int i = 0; i < LARGE >> 16; i++) {
                    wire.write(new byte[1 << 16]);
                }
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
    }

    @Test
    void aRefusalIsAnAnswerLikeAnyOther() throws Exception {
        var seen = new String[1];
        try (var client = start(connection -> {
            connection.head();
            connection.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
            seen[0] = connection.head();
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        })) {
            client.ask("GET", "/", HANDSHAKE);
            var answer = client.answer();
            assertThat(answer.status()).isEqualTo(403);
            assertThat(answer.body()).isEqualTo("no");
            client.ask("GET", "/next");
            assertThat(client.answer().body()).isEqualTo("hello");
            assertThat(seen[0]).startsWith("GET /next ").doesNotContain("upgrade");
        }
    }

    @Test
    void theContainerDoesNotChooseTheProtocol() throws Exception {
        try (var client = start(connection -> {
            connection.head();
            connection.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n");
            connection.rest();
        })) {
            client.ask("GET", "/", HANDSHAKE);
            assertThat(client.answer().status()).isEqualTo(502);
            assertThat(container.over()).isNotNull();
        }
    }

    @Test
    void aWebSocketIsAskedForWithoutABody() throws Exception {
        try (var client = start(connection -> connection.head())) {
            client.ask("GET", "/", "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 3\r\n");
            client.write("abc");
            assertThat(client.answer().status()).isEqualTo(400);
            assertThat(container.connections).isEmpty();
        }
    }

    @Test
    void aWebSocketEndsWhenItsTimeIsUp() throws Exception {
        var asked = new CountDownLatch(1);
        try (var client = start(connection -> {
            connection.head();
            connection.write(SWITCHED);
            asked.countDown();
            connection.rest();
        })) {
            gateway.limit = Optional.of(Duration.ofSeconds(1));
            client.ask("GET", "/", HANDSHAKE);
            asked.await();
            assertThat(client.head()).startsWith("HTTP/1.1 101 ");
            assertThat(client.rest()).isEmpty();
            assertThat(container.over()).isNotNull();
            assertThat(gateway.ended().status()).isEqualTo(101);
        }
    }
}
