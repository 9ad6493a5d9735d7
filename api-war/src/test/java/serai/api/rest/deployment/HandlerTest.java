// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.deployment;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HandlerTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "def f():\n",
                "import os\n\n@decorated\nasync def f(x):\n",
                "def f[T](x: T):\n",
                "f = make()\n",
                "f: object = make()\n",
                "from other import g, f\n",
                "from other import (\n    g,\n    f,\n)\n"
            })
    void givenALineThatDefinesTheName_thenItIsFound(String source) {
        assertThatCode(() -> check("m.py", source)).doesNotThrowAnyException();
        assertThatCode(() -> check("m/__init__.py", source)).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "def ff():\n", "    def f():\n", "# def f():\n", "if f == 1:\n    pass\n", "f == 2\n"})
    void givenNone_thenTheHandlerIsRefused(String source) {
        assertThatThrownBy(() -> check("m.py", source)).hasMessageContaining("m.py defines no \"f\"");
    }

    @Test
    void givenAClass_thenItIsRefusedAsOne() {
        assertThatThrownBy(() -> check("m.py", "class f:\n")).hasMessageContaining("is a class");
    }

    @Test
    void givenNoFileOfTheModule_thenBothPlacesAreNamed() {
        assertThatThrownBy(() -> check("n.py", "def f():\n"))
                .hasMessageContaining("m.py")
                .hasMessageContaining("m/__init__.py");
    }

    private static void check(String path, String source) {
        var sources = new Sources(new TreeMap<>(Map.of(path, source.getBytes(StandardCharsets.UTF_8))));
        Handler.of("m:f").mustBeIn(sources, "handler");
    }
}
