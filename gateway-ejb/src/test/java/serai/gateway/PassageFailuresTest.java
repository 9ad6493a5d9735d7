// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PassageFailuresTest {
    private static final String HELLO = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

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
    void aDoorThatIsNotThereIsUnreachable() throws Exception {
        try (var client = start(connection -> {})) {
            container.close();
            client.ask("POST", "/", "Content-Length: 4\r\n");
            client.write("body");
            assertThat(client.answer().status()).isEqualTo(502);
            assertThat(gateway.ended().unreachable())
                    .hasValueSatisfying(why -> assertThat(why).contains("co-1"));
        }
    }

    @Test
    void aDoorThatClosesWithoutAByteIsUnreachableForWhatMayBeAskedAgain() throws Exception {
        try (var client = start(connection -> {})) {
            client.ask("GET", "/");
            assertThat(client.answer().status()).isEqualTo(502);
            assertThat(gateway.ended().unreachable()).isPresent();
        }
    }

    @Test
    void whatMayHaveHadAnEffectIsNotAskedAgain() throws Exception {
        var asked = new AtomicInteger();
        try (var client = start(connection -> {
            connection.head();
            asked.incrementAndGet();
        })) {
            client.ask("POST", "/", "Content-Length: 0\r\n");
            assertThat(client.answer().status()).isEqualTo(502);
            assertThat(gateway.ended().unreachable()).isEmpty();
            assertThat(asked).hasValue(1);
        }
    }

    @Test
    void aKeptConnectionThatEndsMeanwhileIsReplacedOnce() throws Exception {
        var connections = new AtomicInteger();
        try (var client = start(connection -> {
            connection.head();
            connection.write(HELLO);
            connection.head();
            if (connections.incrementAndGet() > 1) {
                connection.write(HELLO);
            }
        })) {
            client.ask("GET", "/");
            client.answer();
            client.ask("GET", "/"); // the container ends the connection instead of answering
            assertThat(client.answer().body()).isEqualTo("hello");
            assertThat(container.connections).hasSize(2);
            client.ask("POST", "/", "Content-Length: 0\r\n"); // on a kept one that lives
            assertThat(client.answer().body()).isEqualTo("hello");
            assertThat(container.connections).hasSize(2);
        }
    }

    @Test
    void aByteTooManyEndsTheConnectionAndIsNobodysAnswer() throws Exception {
        try (var client = start(connection -> {
            connection.head();
            connection.write(HELLO + "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong");
            connection.rest();
        })) {
            for (int i = 0; i < 3; i++) {
                client.ask("GET", "/");
                assertThat(client.answer().body()).isEqualTo("hello");
                assertThat(container.over()).isNotNull();
            }
            assertThat(container.connections).hasSize(3);
        }
    }

    @Test
    void aByteThatNobodyAskedForEndsAKeptConnection() throws Exception {
        var answered = new CountDownLatch(1);
        try (var client = start(connection -> {
            connection.head();
            connection.write(HELLO);
            answered.await();
            connection.write("\r\n");
            connection.rest();
        })) {
            client.ask("GET", "/");
            client.answer();
            gateway.ended();
            assertThat(gateway.upstreams.size()).isEqualTo(1);
            answered.countDown();
            assertThat(container.over()).isNotNull();
        }
    }

    @Test
    void aConnectionThatIsToEndIsNotKept() throws Exception {
        try (var client =
                start(Container.answering("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"))) {
            client.ask("GET", "/");
            client.answer();
            gateway.ended();
            assertThat(gateway.upstreams.size()).isZero();
            assertThat(container.over()).isNotNull();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nonsense\r\n\r\n",
                "HTTP/1.1 abc OK\r\n\r\n",
                "HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 1000 High\r\nContent-Length: 0\r\n\r\n",
                "HTTP/3.0 200 OK\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx",
                "HTTP/1.1 200 OK\r\nBad{Name}: 1\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nX-Nul: \0\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Le",
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
                "HTTP/1.1 103 Early Hints\r\n\r\n",
            })
    void anAnswerThatIsNoneIsToldAsSuch(String answer) throws Exception {
        try (var client = start(connection -> {
            connection.head();
            connection.write(answer);
        })) {
            client.ask("GET", "/");
            var told = client.answer();
            assertThat(told.status()).isEqualTo(502);
            assertThat(told.body()).contains("urn:serai:problem:function-broken");
            assertThat(gateway.ended().unreachable()).isEmpty();
        }
    }

    @Test
    void aHeadThatIsTooLongIsToldAsSuch() throws Exception {
        try (var client = start(connection -> {
            connection.head();
            connection.write("HTTP/1.1 200 OK\r\nX-Long: " + "x".repeat(DirectGateway.MAX_HEADERS + 1) + "\r\n\r\n");
            connection.rest();
        })) {
            client.ask("GET", "/");
            assertThat(client.answer().status()).isEqualTo(502);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
            })
    void anAnswerThatIsCutIsSeenToBeCut(String answer) throws Exception {
        try (var client = start(connection -> {
            connection.head();
            connection.write(answer);
        })) {
            client.ask("GET", "/");
            assertThat(client.head()).startsWith("HTTP/1.1 200 ");
            assertThat(client.rest()).doesNotContain("0\r\n\r\n").hasSizeLessThan("5\r\nhello\r\n0".length());
        }
    }

    @Test
    void aResetIsNotTheEndOfAnAnswer() throws Exception {
        var come = new CountDownLatch(1);
        try (var client = start(connection -> {
            connection.head();
            connection.write("HTTP/1.1 200 OK\r\n\r\nhello");
            come.await();
            connection.reset();
        })) {
            client.ask("GET", "/");
            client.head();
            assertThat(client.until("hello\r\n")).contains("hello");
            come.countDown();
            assertThat(client.rest()).doesNotContain("0\r\n");
        }
    }

    @Test
    void whenTheClientGoesTheContainerIsTold() throws Exception {
        var asked = new CountDownLatch(1);
        try (var client = start(connection -> {
            connection.head();
            asked.countDown();
            connection.rest(); // until its end
        })) {
            client.ask("GET", "/");
            asked.await();
            client.close();
            assertThat(container.over()).isNotNull();
            assertThat(gateway.ended().status()).isZero();
        }
    }

    @Test
    void whenTheClientGoesInTheMiddleOfItsBodyTheContainerIsTold() throws Exception {
        var asked = new CountDownLatch(1);
        try (var client = start(connection -> {
            connection.head();
            asked.countDown();
            connection.rest();
        })) {
            client.ask("POST", "/", "Content-Length: 100\r\n");
            asked.await();
            client.close();
            assertThat(container.over()).isNotNull();
            assertThat(gateway.ended().status()).isZero();
        }
    }

    @Test
    void whatTakesLongerThanItMayIsEnded() throws Exception {
        try (var client = start(connection -> {
            connection.head();
            connection.rest();
        })) {
            gateway.limit = Optional.of(Duration.ofMillis(50));
            client.ask("GET", "/");
            assertThat(client.answer().status()).isEqualTo(504);
            assertThat(container.over()).isNotNull();
        }
    }

    @Test
    void aBodyThatIsTooLargeIsNotTaken() throws Exception {
        try (var client = start(connection -> {
            connection.head();
            connection.rest();
        })) {
            client.ask("POST", "/", "Content-Length: " + (DirectGateway.MAX_BODY + 1) + "\r\n");
            assertThat(client.answer().status()).isEqualTo(413);
            assertThat(container.connections).isEmpty();
        }
    }

    @Test
    void aBodyThatBecomesTooLargeIsNotTaken() throws Exception {
        try (var client = start(connection -> {
            connection.head();
            connection.rest();
        })) {
            client.ask("POST", "/", "Transfer-Encoding: chunked\r\n");
            client.write(Long.toHexString(DirectGateway.MAX_BODY + 1) + "\r\n");
            var piece = new byte[1 << 20];
            Thread.ofVirtual().start(() -> {
                try {
                    for (long left = DirectGateway.MAX_BODY + 1; left > 0; left -= piece.length) {
                        client.write(left < piece.length ? new byte[(int) left] : piece);
                    }
                } catch (java.io.IOException e) {
                    // it has heard enough
                }
            });
            assertThat(client.answer().status()).isEqualTo(413);
            assertThat(container.over()).isNotNull();
        }
    }

    @Test
    void aClientThatSendsTooSlowlyIsNotAwaited() throws Exception {
        try (var client = start(connection -> {
            connection.head();
            connection.rest();
        })) {
            gateway.patience = Duration.ofMillis(50);
            client.ask("POST", "/", "Content-Length: 100\r\n");
            client.write("x");
            assertThat(client.answer().status()).isEqualTo(408);
            assertThat(container.over()).isNotNull();
        }
    }

    @Test
    void aBodyThatBreaksTheRulesHasNoEnd() throws Exception {
        try (var client = start(connection -> {
            connection.head();
            connection.rest();
        })) {
            client.ask("POST", "/", "Transfer-Encoding: chunked\r\n");
            client.write("5\r\nhelloXXXX");
            assertThat(client.answer().status()).isEqualTo(400);
            assertThat(container.over()).isNotNull();
        }
    }

    @Test
    void noByteMoreThanWasAnnouncedReachesTheContainer() throws Exception {
        var seen = new String[1];
        var whole = new CountDownLatch(1);
        try (var client = start(connection -> {
            connection.head();
            connection.read(5);
            whole.countDown();
            seen[0] = connection.rest();
        })) {
            gateway.change = request -> announcing(request, 5);
            client.ask("POST", "/", "Transfer-Encoding: chunked\r\n");
            client.write("5\r\nhello\r\n");
            whole.await();
            client.write("7\r\nGET /2 \r\n0\r\n\r\n");
            assertThat(client.answer().status()).isEqualTo(400);
            container.over();
            assertThat(seen[0]).isEmpty();
        }
    }

    @Test
    void aBodyThatIsShorterThanAnnouncedEndsTheConnection() throws Exception {
        try (var client = start(connection -> {
            connection.head();
            connection.rest();
        })) {
            gateway.change = request -> announcing(request, 6);
            client.ask("POST", "/", "Transfer-Encoding: chunked\r\n");
            client.write("5\r\nhello\r\n0\r\n\r\n");
            assertThat(client.answer().status()).isEqualTo(400);
            assertThat(container.over()).isNotNull();
        }
    }

    /** As a stream of HTTP/2 could: the length is said, the end is elsewhere. */
    private static Request announcing(Request request, long length) {
        return new Request(
                "1.1",
                request.scheme(),
                request.method(),
                request.host(),
                request.path(),
                request.query(),
                request.headers(),
                request.peer(),
                request.local(),
                false,
                true,
                Optional.of(length),
                true);
    }
}
