// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.upokecenter.cbor.CBORObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Read by Python itself. */
class PickleTest {
    private static final String SHOW = "import pickle, sys; print(ascii(pickle.loads(sys.stdin.buffer.read())))";

    private static String seenByPython(CBORObject value) throws IOException, InterruptedException {
        var python = new ProcessBuilder(System.getProperty("python", "python3"), "-c", SHOW)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (var in = python.getOutputStream()) {
            in.write(Pickle.of(value));
        }
        var shown = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertThat(python.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return shown;
    }

    @Test
    void givenAScope_whenPythonReadsIt_thenBytesAreBytesAndTextsAreTexts() throws Exception {
        var scope = CBORObject.NewOrderedMap()
                .Add("type", "http")
                .Add("path", "/gr\u00fc\u00df\ud83e\udd80")
                .Add("raw_path", new byte[] {'/', (byte) 0xff, 0})
                .Add("port", 65_535)
                .Add("negative", -1)
                .Add(
                        "headers",
                        CBORObject.NewArray()
                                .Add(CBORObject.NewArray().Add(new byte[] {'a'}).Add(new byte[0])))
                .Add("yes", true)
                .Add("no", false)
                .Add("none", CBORObject.Null)
                .Add("empty", CBORObject.NewMap());

        assertThat(seenByPython(CBORObject.NewArray()
                        .Add(CBORObject.NewArray().Add(scope))
                        .Add(CBORObject.NewMap())))
                .isEqualTo("[[{'type': 'http', 'path': '/gr\\xfc\\xdf\\U0001f980', 'raw_path': b'/\\xff\\x00',"
                        + " 'port': 65535, 'negative': -1, 'headers': [[b'a', b'']], 'yes': True, 'no': False, 'none': None,"
                        + " 'empty': {}}], {}]");
    }

    @Test
    void givenSomethingElse_whenItIsWritten_thenItIsRefused() {
        assertThatThrownBy(() -> Pickle.of(CBORObject.FromObject(1.5))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Pickle.of(CBORObject.Undefined)).isInstanceOf(IllegalArgumentException.class);
    }
}
