// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PassageTest {
    private static final String HELLO = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    private static final int LARGE = 24 << 20;

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
    void aRequestComesAsItWasSentAndItsAnswerGoesAsItWasGiven() throws Exception {
        var seen = new String[1];
        try (var client = start(connection -> {
            seen[0] = connection.head();
            connection.write("HTTP/1.1 203 Whatever\r\nX-Two: 1\r\nX-Two: 2\r\nX-Latin: \u00e9\r\nConnection: X-Hop\r\n"
                    + "X-Hop: 1\r\nKeep-Alive: 5\r\nContent-Length: 5\r\nDate: then\r\n\r\nhello");
            connection.rest();
        })) {
            client.ask(
                    "PATCH",
                    "/a%2Fb/%C3%A9/../\u00e9;p=1//x?q=a%20b&c=%26+?",
                    "X-Mine: \u00e9\r\nConnection: X-Drop, Upgrade\r\nX-Drop: 1\r\nUpgrade: h2c\r\nTE: gzip\r\n");
            var answer = client.answer();

            assertThat(seen[0])
                    .startsWith(
                            "PATCH /a%2Fb/%C3%A9/../%E9;p=1//x?q=a%20b&c=%26+? HTTP/1.1\r\nhost: A.example:8000\r\n")
                    .contains("x-mine: \u00e9\r\n", "x-forwarded-for: 127.0.0.1\r\n")
                    .doesNotContainIgnoringCase("x-drop", "upgrade", "te:", "connection", "content-length", "encoding");
            assertThat(answer.head())
                    .startsWith("HTTP/1.1 203 ")
                    .contains("x-two: 1\r\nx-two: 2\r\n", "x-latin: \u00e9\r\n", "date: then\r\n")
                    .doesNotContainIgnoringCase("x-hop", "keep-alive", "connection");
            assertThat(answer.body()).isEqualTo("hello");
            assertThat(gateway.ended())
                    .extracting(DirectGateway.Ended::status, DirectGateway.Ended::sent)
                    .containsExactly(203, 5L);
        }
    }

    @Test
    void whereAConnectionIsKeptNoThreadIsNeeded() throws Exception {
        try (var client = start(connection -> {
            while (true) {
                if (connection.head().startsWith("POST")) {
                    connection.read(4);
                }
                connection.write(HELLO);
            }
        })) {
            client.ask("GET", "/");
            assertThat(client.answer().body()).isEqualTo("hello");
            assertThat(gateway.ended().status()).isEqualTo(200);
            assertThat(gateway.atOnce).hasValue(0);
            client.ask("GET", "/");
            assertThat(client.answer().body()).isEqualTo("hello");
            client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody");
            assertThat(client.answer().body()).isEqualTo("hello");
            assertThat(gateway.ended().sent()).isEqualTo(5);
            assertThat(gateway.ended().received()).isEqualTo(4);
            assertThat(gateway.atOnce).hasValue(2);
            assertThat(container.connections).hasSize(1);
        }
    }

    @Test
    void aBodyThatIsNotHereYetIsAwaitedByAThread() throws Exception {
        var asked = new CountDownLatch(1);
        try (var client = start(connection -> {
            connection.head();
            connection.write(HELLO);
            connection.head();
            asked.countDown();
            connection.read(4);
            connection.write(HELLO);
        })) {
            client.ask("GET", "/");
            client.answer();
            client.ask("POST", "/", "Content-Length: 4\r\n");
            client.write("bo");
            asked.await();
            client.write("dy");
            assertThat(client.answer().body()).isEqualTo("hello");
            assertThat(gateway.atOnce).hasValue(0);
            assertThat(container.connections).hasSize(1);
        }
    }

    @Test
    void aKeptConnectionFollowsItsClients() throws Exception {
        try (var one = start(Container.answering(HELLO));
                var two = gateway.client(); // on the other event loop
                var three = gateway.client()) {
            for (var client : new Client[] {one, two, three, two, one}) {
                client.ask("GET", "/");
                assertThat(client.answer().body()).isEqualTo("hello");
                gateway.ended();
            }
            assertThat(container.connections).hasSize(1);
        }
    }

    @Test
    void anAnswerIsWholeThoughAThreadGoesOnWithItInTheMiddle() throws Exception {
        var written = new AtomicLong();
        try (var client = start(connection -> {
            connection.head();
            connection.write(HELLO);
            connection.head();
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: " + LARGE + "\r\n\r\n");
            for (int i = 0; i < LARGE / 1024; i++) {
                connection.write(piece(i));
                written.addAndGet(1024);
            }
            connection.rest();
        })) {
            client.ask("GET", "/");
            client.answer();
            gateway.ended();
            client.ask("GET", "/");
            assertThat(whereItStops(written)).isLessThan(LARGE); // for the client reads nothing
            assertThat(gateway.atOnce).hasValue(1);
            client.head();
            for (int i = 0; i < LARGE / 1024; i++) {
                assertThat(client.read(1024)).isEqualTo(piece(i));
            }
            assertThat(gateway.ended().sent()).isEqualTo(LARGE);
        }
    }

    private static String piece(int number) {
        return "%01024d".formatted(number);
    }

    @Test
    void aBodyIsFramedAsTheClientFramesIt() throws Exception {
        var seen = new String[4];
        try (var client = start(connection -> {
            seen[0] = connection.head();
            seen[1] = connection.read(4);
            connection.write(HELLO);
            seen[2] = connection.head();
            seen[3] = new String(connection.chunks());
            connection.line();
            connection.write(HELLO);
            connection.rest();
        })) {
            client.ask("POST", "/", "Content-Length: 4\r\n");
            client.write("body");
            assertThat(client.answer().body()).isEqualTo("hello");
            client.ask("POST", "/", "Transfer-Encoding: chunked\r\n");
            client.write("3\r\nabc\r\n");
            client.write("2\r\nde\r\n0\r\n\r\n");
            assertThat(client.answer().body()).isEqualTo("hello");

            assertThat(seen[0]).contains("content-length: 4\r\n").doesNotContain("transfer-encoding");
            assertThat(seen[1]).isEqualTo("body");
            assertThat(seen[2]).contains("transfer-encoding: chunked\r\n").doesNotContain("content-length");
            assertThat(seen[3]).isEqualTo("abcde");
            assertThat(container.connections).hasSize(1);
            assertThat(gateway.ended().received()).isEqualTo(4);
            assertThat(gateway.ended().received()).isEqualTo(5);
        }
    }

    @Test
    void anEmptyBodyIsToldAsTheClientTellsIt() throws Exception {
        var seen = new String[1];
        try (var client = start(connection -> {
            seen[0] = connection.head();
            connection.write(HELLO);
            connection.rest();
        })) {
            client.ask("POST", "/", "Content-Length: 0\r\n");
            assertThat(client.answer().body()).isEqualTo("hello");
            assertThat(seen[0]).contains("content-length: 0\r\n");
        }
    }

    @Test
    void bothDirectionsFlowAtOnce() throws Exception {
        try (var client = start(connection -> {
            connection.head();
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            int size;
            while ((size = Integer.parseInt(connection.line().strip(), 16)) > 0) {
                connection.write(Integer.toHexString(size) + "\r\n");
                connection.write(connection.in.readNBytes(size));
                connection.write(connection.line() + "\n");
            }
            connection.line();
            connection.write("0\r\n\r\n");
            connection.rest();
        })) {
            var sent = MessageDigest.getInstance("SHA-256");
            client.ask("POST", "/echo", "Transfer-Encoding: chunked\r\n");
            var writer = Thread.ofVirtual().start(() -> {
                var random = new Random(7);
                try {
                    for (int left = LARGE; left > 0; ) {
                        var piece = new byte[Math.min(left, 1 + random.nextInt(100_000))];
                        random.nextBytes(piece);
                        sent.update(piece);
                        left -= piece.length;
                        client.write(Integer.toHexString(piece.length) + "\r\n");
                        client.write(piece);
                        client.write("\r\n");
                    }
                    client.write("0\r\n\r\n");
                } catch (java.io.IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            assertThat(client.head()).startsWith("HTTP/1.1 200 ");
            var got = client.chunks();
            writer.join();
            assertThat(got).hasSize(LARGE);
            assertThat(HexFormat.of()
                            .formatHex(MessageDigest.getInstance("SHA-256").digest(got)))
                    .isEqualTo(HexFormat.of().formatHex(sent.digest()));
            var ended = gateway.ended();
            assertThat(ended.received()).isEqualTo(LARGE);
            assertThat(ended.sent()).isEqualTo(LARGE);
        }
    }

    @Test
    void aContainerThatDoesNotReadStopsTheClient() throws Exception {
        var mayRead = new CountDownLatch(1);
        try (var client = start(connection -> {
            connection.head();
            mayRead.await();
            connection.in.skipNBytes(DirectGateway.MAX_BODY);
            connection.write(HELLO);
            connection.rest();
        })) {
            client.ask("POST", "/", "Content-Length: " + DirectGateway.MAX_BODY + "\r\n");
            var written = writing(client);
            assertThat(whereItStops(written)).isLessThan(DirectGateway.MAX_BODY);
            mayRead.countDown();
            assertThat(client.answer().body()).isEqualTo("hello");
        }
    }

    @Test
    void aClientThatDoesNotReadStopsTheContainer() throws Exception {
        var written = new AtomicLong[1];
        var writes = new CountDownLatch(1);
        try (var client = start(connection -> {
            connection.head();
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: " + DirectGateway.MAX_BODY + "\r\n\r\n");
            written[0] = writing(connection);
            writes.countDown();
            connection.rest();
        })) {
            client.ask("GET", "/");
            writes.await();
            assertThat(whereItStops(written[0])).isLessThan(DirectGateway.MAX_BODY);
            client.head();
            client.in.skipNBytes(DirectGateway.MAX_BODY);
            assertThat(gateway.ended().sent()).isEqualTo(DirectGateway.MAX_BODY);
        }
    }

    /** Writes a body of the largest size; tells how far it is. */
    private static AtomicLong writing(Wire wire) {
        var written = new AtomicLong();
        Thread.ofVirtual().start(() -> {
            var piece = new byte[64 << 10];
            try {
                while (written.get() < DirectGateway.MAX_BODY) {
                    wire.write(piece);
                    written.addAndGet(piece.length);
                }
            } catch (java.io.IOException e) {
                written.set(-1);
            }
        });
        return written;
    }

    private static long whereItStops(AtomicLong progress) throws InterruptedException {
        long before = -1;
        while (before != progress.get() || before == 0) {
            before = progress.get();
            TimeUnit.MILLISECONDS.sleep(300);
        }
        return before;
    }

    @Test
    void piecesOfAnAnswerAreSentAtOnce() throws Exception {
        var first = new CountDownLatch(1);
        try (var client = start(connection -> {
            connection.head();
            connection.write(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
            connection.write("9\r\ndata: 1\n\n\r\n");
            first.await(); // it has come
            connection.write("9\r\ndata: 2\n\n\r\n0\r\n\r\n");
            connection.rest();
        })) {
            client.ask("GET", "/events");
            assertThat(client.head()).contains("text/event-stream");
            assertThat(client.until("\n\n\r\n")).contains("data: 1");
            first.countDown();
            assertThat(client.until("0\r\n\r\n")).contains("data: 2");
        }
    }

    @Test
    void theHeadOfAnAnswerDoesNotWaitForItsBody() throws Exception {
        var told = new CountDownLatch(1);
        try (var client = start(connection -> {
            connection.head();
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n");
            told.await();
            connection.write("x");
            connection.rest();
        })) {
            client.ask("GET", "/");
            assertThat(client.head()).startsWith("HTTP/1.1 200 ");
            told.countDown();
            assertThat(client.read(1)).isEqualTo("x");
        }
    }

    @Test
    void trailersAreSentOn() throws Exception {
        try (var client = start(
                Container.answering(
                        "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Sum: 7\r\n\r\n"))) {
            client.ask("GET", "/");
            assertThat(client.head()).contains("transfer-encoding: chunked");
            assertThat(client.chunks()).asString().isEqualTo("ab");
            assertThat(client.head()).isEqualTo("x-sum: 7\r\n\r\n");
        }
    }

    @Test
    void answersWithoutABodyEndAtOnce() throws Exception {
        try (var client = start(connection -> {
            connection.head();
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
            connection.head();
            connection.write("HTTP/1.1 204 No Content\r\n\r\n");
            connection.head();
            connection.write("HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\nETag: x\r\n\r\n");
            connection.head();
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            connection.head();
            connection.write(HELLO);
            connection.rest();
        })) {
            client.ask("HEAD", "/");
            assertThat(client.head()).startsWith("HTTP/1.1 200 ").contains("content-length: 1000\r\n");
            client.ask("GET", "/");
            assertThat(client.head()).startsWith("HTTP/1.1 204 ").doesNotContain("content-length", "chunked");
            client.ask("GET", "/");
            assertThat(client.head()).startsWith("HTTP/1.1 304 ").contains("etag: x\r\n");
            client.ask("HEAD", "/");
            assertThat(client.head()).startsWith("HTTP/1.1 200 ");
            client.ask("GET", "/");
            assertThat(client.answer().body()).isEqualTo("hello");
            assertThat(container.connections).hasSize(1);
        }
    }

    @Test
    void interimAnswersStayHere() throws Exception {
        try (var client = start(Container.answering("HTTP/1.1 100 Continue\r\n\r\n"
                + "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + HELLO))) {
            client.ask("GET", "/");
            var answer = client.answer();
            assertThat(answer.head()).startsWith("HTTP/1.1 200 ").doesNotContain("link");
            assertThat(answer.body()).isEqualTo("hello");
            client.ask("GET", "/");
            assertThat(client.answer().body()).isEqualTo("hello");
            assertThat(container.connections).hasSize(1);
        }
    }

    @Test
    void anAnswerMayEndWithItsConnection() throws Exception {
        try (var client = start(connection -> {
            connection.head();
            connection.write("HTTP/1.0 200 OK\r\n\r\nhello");
        })) {
            client.ask("GET", "/");
            assertThat(client.head()).contains("transfer-encoding: chunked");
            assertThat(client.chunks()).asString().isEqualTo("hello");
            client.line();
            client.ask("GET", "/");
            client.head();
            assertThat(client.chunks()).asString().isEqualTo("hello");
            assertThat(container.connections).hasSize(2);
        }
    }

    @Test
    void aClientOfHttp10HasItsAnswerUntilTheEnd() throws Exception {
        var seen = new String[1];
        try (var client = start(connection -> {
            seen[0] = connection.head();
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
            connection.rest();
        })) {
            client.write("GET / HTTP/1.0\r\n\r\n");
            assertThat(client.head()).doesNotContain("chunked").contains("connection: close");
            assertThat(client.rest()).isEqualTo("hello");
            assertThat(seen[0]).startsWith("GET / HTTP/1.1\r\nhost: localhost\r\n");
        }
    }

    @Test
    void aWordBeforeTheBodyIsTheGatewaysToSay() throws Exception {
        var seen = new String[1];
        try (var client = start(connection -> {
            seen[0] = connection.head();
            connection.read(4);
            connection.write(HELLO);
            connection.rest();
        })) {
            client.ask("PUT", "/", "Expect: 100-continue\r\nContent-Length: 4\r\n");
            assertThat(client.head()).startsWith("HTTP/1.1 100 ");
            client.write("body");
            assertThat(client.answer().body()).isEqualTo("hello");
            assertThat(seen[0]).doesNotContainIgnoringCase("expect");
        }
    }

    @Test
    void anAnswerThatComesEarlyIsPassedOnAndTheRestOfTheBodyIsNot() throws Exception {
        try (var client = start(connection -> {
            connection.head();
            connection.read(1);
            connection.write("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
            connection.rest();
        })) {
            client.ask("POST", "/", "Content-Length: 1000000\r\n");
            client.write("x");
            var answer = client.answer();
            assertThat(answer.status()).isEqualTo(413);
            assertThat(answer.body()).isEqualTo("no");
            assertThat(client.rest()).isEmpty();
            assertThat(container.over()).isNotNull(); // not kept
            try (var other = gateway.client()) {
                other.ask("POST", "/", "Content-Length: 1000000\r\n");
                other.write("x");
                assertThat(other.answer().status()).isEqualTo(413);
            }
            assertThat(container.connections).hasSize(2);
        }
    }

    @Test
    void anAnswerOfAContainerThatReadsNoMoreIsPassedOn() throws Exception {
        try (var client = start(connection -> {
            connection.head();
            connection.read(1 << 20);
            connection.write("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
        })) { // that ends with a reset, as there is more to read

            client.ask("POST", "/", "Content-Length: " + DirectGateway.MAX_BODY + "\r\n");
            writing(client);
            assertThat(client.answer().status()).isEqualTo(413);
        }
    }

    @Test
    void whatFollowsARequestIsTheNextOne() throws Exception {
        var seen = new String[3];
        try (var client = start(connection -> {
            seen[0] = connection.head();
            seen[1] = connection.read(5);
            connection.write(HELLO);
            seen[2] = connection.head();
            connection.write(HELLO);
            connection.rest();
        })) {
            client.write("POST /one HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
                    + "GET /two HTTP/1.1\r\nHost: a\r\nX-Mine: 1\r\n\r\n");
            client.answer();
            client.answer();
            assertThat(seen[0]).startsWith("POST /one ");
            assertThat(seen[1]).isEqualTo("hello");
            assertThat(seen[2]).startsWith("GET /two ").contains("x-mine: 1", "x-forwarded-for");
        }
    }
}
