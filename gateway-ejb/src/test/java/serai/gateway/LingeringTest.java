// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Clients that read the answer only when they have sent all that they have to say. */
class LingeringTest {
    private static final byte[] PIECE = new byte[64 << 10];

    private Container container;
    private DirectGateway gateway;

    @BeforeEach
    void start() throws Exception {
        container = new Container(connection -> {});
        gateway = new DirectGateway(container.door());
    }

    @AfterEach
    void stop() throws Exception {
        gateway.close();
        container.close();
        assertThat(container.failures).isEmpty();
    }

    @Test
    void whoIsRefusedBeforeTheEndOfItsBodyMaySendItAndReadsTheAnswer() throws Exception {
        try (var client = gateway.client()) {
            client.ask("POST", "/", "Content-Length: " + (DirectGateway.MAX_BODY + 1) + "\r\n");
            assertThat(gateway.ended().status()).isEqualTo(413); // before a byte of the body was sent
            send(client, 16 << 20);
            assertThat(client.answer().status()).isEqualTo(413);
            assertThat(client.rest()).isEmpty();
        }
    }

    @Test
    void whoseHeadIsRefusedMaySendMoreAndReadsTheAnswer() throws Exception {
        try (var client = gateway.client()) {
            client.ask("POST", "/", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n");
            send(client, 16 << 20);
            assertThat(client.answer().status()).isEqualTo(400);
            assertThat(client.rest()).isEmpty();
        }
    }

    @Test
    void whatFollowsARefusedHeadIsNoRequest() throws Exception {
        try (var client = gateway.client()) {
            client.write("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\n\r\n");
            assertThat(client.answer().status()).isEqualTo(400);
            assertThat(client.rest()).isEmpty();
        }
        gateway.close(); // then every request is over
        assertThat(gateway.ended).isEmpty();
    }

    @Test
    void whatFollowsARefusedHeadIsNoRequest_alsoBehindOneThatWasTaken() throws Exception {
        var asked = new LinkedBlockingQueue<String>();
        try (var behind = new Container(connection -> {
                    while (true) {
                        asked.add(connection.head().lines().findFirst().orElseThrow());
                        connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                    }
                });
                var passing = new DirectGateway(behind.door());
                var client = passing.client()) {
            client.write("GET /one HTTP/1.1\r\nHost: a\r\n\r\n"
                    + "GET /two HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"
                    + "GET /three HTTP/1.1\r\nHost: a\r\n\r\n");
            assertThat(client.answer().status()).isEqualTo(200);
            assertThat(client.answer().status()).isEqualTo(400);
            assertThat(client.rest()).isEmpty();
        }
        assertThat(asked).containsExactly("GET /one HTTP/1.1");
    }

    @Test
    void whatIsThrownAwayIsNotWithoutEnd() throws Exception {
        try (var client = gateway.client()) {
            client.ask("POST", "/", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n");
            assertThatThrownBy(() -> send(client, Long.MAX_VALUE)).isInstanceOf(IOException.class);
        }
    }

    private static void send(Client client, long bytes) throws IOException {
        for (long sent = 0; sent < bytes; sent += PIECE.length) {
            client.write(PIECE);
        }
    }
}
