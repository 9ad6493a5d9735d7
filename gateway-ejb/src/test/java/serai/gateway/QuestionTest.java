// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What requests of HTTP/2 may hold, HTTP/1.1 must not have. */
class QuestionTest {
    private static final InetSocketAddress ANYBODY = new InetSocketAddress("127.0.0.1", 1);

    private static Request request(
            String method, String path, HttpHeaders headers, boolean hasBody, Optional<Long> length) {
        return new Request(
                "2", "http", method, "a.example", path, "", headers, ANYBODY, ANYBODY, false, hasBody, length, true);
    }

    private static Request get(String path) {
        return request("GET", path, new DefaultHttpHeaders(), false, Optional.empty());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/ HTTP/1.1\r\nX: 1\r\n\r\nGET /2", "/a b", "/a\nb", "/a\rb", "/a\tb", "/a\0b", "/\u007f"})
    void aTargetIsOneWord(String path) {
        assertThatThrownBy(() -> Question.of(get(path), path, List.of())).isInstanceOf(RefusedException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET / HTTP/1.1\r\n\r\nGET", "GE T"})
    void aMethodIsOneWord(String method) {
        var request = request(method, "/", new DefaultHttpHeaders(), false, Optional.empty());
        assertThatThrownBy(() -> Question.of(request, "/", List.of())).isInstanceOf(RefusedException.class);
    }

    @Test
    void aFieldIsOneLine() {
        for (var field : List.of(
                new Field("x-a", "1\r\nx-b: 2"),
                new Field("x-a", "1\nb"),
                new Field("x a", "1"),
                new Field("a:", "1"))) {
            assertThatThrownBy(() -> Question.of(get("/"), "/", List.of(field))).isInstanceOf(RefusedException.class);
        }
        var headers = new DefaultHttpHeaders(false).add("host", "A.example\r\nX: 1");
        assertThat(Question.of(request("GET", "/", headers, false, Optional.empty()), "/", List.of())
                        .headers()
                        .get("host"))
                .isEqualTo("a.example"); // the one that was checked
    }

    @Test
    void aBodyIsFramedByWhatIsKnownOfItAndNothingElse() {
        var said = List.of(
                new Field("content-length", "7"),
                new Field("Transfer-Encoding", "chunked"),
                new Field("connection", "close"),
                new Field("upgrade", "h2c"));
        var none = Question.of(get("/"), "/", said);
        assertThat(none.headers().names()).containsExactly("host");

        var known = Question.of(request("POST", "/", new DefaultHttpHeaders(), true, Optional.of(3L)), "/", said);
        assertThat(known.headers().getAll("content-length")).containsExactly("3");
        assertThat(known.headers().contains("transfer-encoding")).isFalse();

        var unknown = Question.of(request("POST", "/", new DefaultHttpHeaders(), true, Optional.empty()), "/", said);
        assertThat(unknown.headers().contains("content-length")).isFalse();
        assertThat(unknown.headers().getAll("transfer-encoding")).containsExactly("chunked");
    }

    @Test
    void aLengthWithoutABodyIsRefused() {
        var request = request("POST", "/", new DefaultHttpHeaders(), false, Optional.of(3L));
        assertThatThrownBy(() -> Question.of(request, "/", List.of())).isInstanceOf(RefusedException.class);
    }
}
