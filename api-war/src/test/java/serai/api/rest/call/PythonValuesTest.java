// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.call;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.upokecenter.cbor.CBORException;
import jakarta.json.Json;
import jakarta.json.JsonValue;
import java.io.StringReader;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import serai.problem.ProblemException;

class PythonValuesTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "null",
                "true",
                "0",
                "-1",
                "1.5",
                "123456789012345678901234567890",
                "-123456789012345678901234567890",
                "\"é\"",
                "[]",
                "[1,[2,{\"a\":[null]}]]",
                "{\"b\":1,\"a\":2}",
                "{\"$bytes\":\"AP8=\"}",
                "{\"$float\":\"nan\"}",
                "{\"$float\":\"-inf\"}",
                "{\"$map\":[[[1,2],\"pair\"]]}",
                "{\"$map\":[[\"$bytes\",\"not bytes\"]]}"
            })
    void whatPythonSendsBackUnchangedIsTheSameJson(String json) {
        assertThat(there(json)).isEqualTo(parse(json));
    }

    /** Written by Python's cbor2, the package that the runtime uses. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "c074323032362d30312d30325430333a30343a30355a | \"2026-01-02T03:04:05Z\"",
                "c482211901f4 | \"5.00\"",
                "d81e820103 | \"1/3\"",
                "d9010283010203 | [1,2,3]",
                "d82550000102030405060708090a0b0c0d0e0f | \"00010203-0405-0607-0809-0a0b0c0d0e0f\"",
                "a2016161f56162 | {\"$map\":[[1,\"a\"],[true,\"b\"]]}",
                "a1016161 | {\"1\":\"a\"}",
                "d9270f01 | {\"$tag\":9999,\"value\":1}",
                "f7 | null"
            })
    void whatPythonAddsHasAForm(String hex, String json) {
        assertThat(PythonValues.toJson(HexFormat.of().parseHex(hex.strip()))).isEqualTo(parse(json.strip()));
    }

    @Test
    void anIntegerStaysOneAndAFloatStaysOne() {
        assertThat(HexFormat.of()
                        .formatHex(PythonValues.toPython("", parse("[1,1.0]")).EncodeToBytes()))
                .as("as cbor2 reads it: 1, 1.0")
                .startsWith("8201f")
                .hasSizeGreaterThan(6);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"{\"$bytes\":1}", "{\"$bytes\":\"?\"}", "{\"$float\":\"1\"}", "{\"$map\":1}", "{\"$map\":[[1]]}"
            })
    void aFormThatIsNoneIsRefusedByItsPlace(String json) {
        assertThatThrownBy(() -> PythonValues.toPython("args[0]", parse(json)))
                .isInstanceOf(ProblemException.class)
                .hasMessageStartingWith("args[0].$");
    }

    @Test
    void depthHasALimit() {
        var deep = parse("[".repeat(200) + "]".repeat(200));
        assertThatThrownBy(() -> PythonValues.toPython("args", deep))
                .isInstanceOf(ProblemException.class)
                .hasMessageContaining("100 levels");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "82", "ff", "8001"})
    void whatIsNoCborIsSaidToBeNone(String hex) {
        assertThatThrownBy(() -> PythonValues.toJson(HexFormat.of().parseHex(hex)))
                .isInstanceOf(CBORException.class);
    }

    private static JsonValue there(String json) {
        return PythonValues.toJson(PythonValues.toPython("", parse(json)).EncodeToBytes());
    }

    private static JsonValue parse(String json) {
        try (var reader = Json.createReader(new StringReader(json))) {
            return reader.readValue();
        }
    }
}
