// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import serai.problem.Problem;
import serai.problem.ProblemException;

class DeviceNamesTest {
    private static final DeviceNames NAMES = Devices.read(Optional.empty());

    @TempDir
    Path folder;

    /** Names as nvidia-smi prints them. */
    @ParameterizedTest
    @CsvSource({
        "T4, Tesla T4, true",
        "L4, NVIDIA L4, true",
        "L4, NVIDIA L40S, false",
        "A10, NVIDIA A10G, true",
        "A10, NVIDIA A100-SXM4-40GB, false",
        "A100, NVIDIA A100-SXM4-40GB, true",
        "A100, NVIDIA A100 80GB PCIe, true",
        "H100, NVIDIA H100 80GB HBM3, true",
        "H100, NVIDIA H100 PCIe, true",
        "H200, NVIDIA GH200 480GB, false",
        "H200, NVIDIA H200, true",
        "RTX-PRO-6000, NVIDIA RTX PRO 6000 Blackwell Server Edition, true",
    })
    void aNameMeansItsModels(String name, String model, boolean isMeant) {
        var need = NAMES.request(new Gpu(name, 1)).needs().getFirst();
        assertThat(need.attribute()).isEqualTo("model");
        assertThat(Pattern.compile(need.value()).matcher(model).find()).isEqualTo(isMeant);
    }

    /** A bare number never matches an attribute with a unit. */
    @Test
    void whatIsSaidOfMemoryHasAUnit() {
        assertThat(NAMES.rows().values())
                .flatExtracting(row -> java.util.stream.Stream.concat(row.needs().stream(), row.prefers().stream())
                        .toList())
                .filteredOn(condition -> ((Condition) condition).attribute().equals("memory"))
                .isNotEmpty()
                .allSatisfy(
                        condition -> assertThat(((Condition) condition).value()).matches("\\d+ GiB"));
    }

    @Test
    void givenACount_whenAsked_thenTheRequestHasIt() {
        var asked = NAMES.request(new Gpu("a100-40gb", 2));
        assertThat(asked.kind()).isEqualTo("nvidia/gpu");
        assertThat(asked.count()).isEqualTo(2);
        assertThat(asked.needs()).contains(new Condition("memory", "<", "50 GiB"));
    }

    @Test
    void givenANameThatNobodyKnows_whenAsked_thenTheKnownOnesAreListed() {
        var refused = catchThrowableOfType(ProblemException.class, () -> NAMES.request(new Gpu("H1000", 1)));
        assertThat(refused.problem()).isEqualTo(Problem.INVALID_ARGUMENT);
        assertThat(refused).hasMessageContainingAll("'H1000'", "A100-80GB, A10G, ANY", "H100, H100!, H200");
    }

    @ParameterizedTest
    @CsvSource({"H100, 0", "H100, 9", "H100, -1"})
    void givenACountOutOfBounds_whenRead_thenItIsRefused(String name, int count) {
        assertThatThrownBy(() -> new Gpu(name, count))
                .isInstanceOf(ProblemException.class)
                .hasMessage("gpu 'H100': count %d, must be from 1 to 8".formatted(count));
    }

    @Test
    void whatIsKeptOfARequest_isReadBack() {
        assertThat(Gpu.parse(new Gpu("A100-80GB", 4).text())).isEqualTo(new Gpu("A100-80GB", 4));
    }

    @Test
    void givenAnOperatorsTable_whenRead_thenItsRowsAddAndReplaceAndTakeAway() throws IOException {
        var own = file("MI300X = amd/gpu; model regexp MI300X\nH100 = nvidia/gpu/NVIDIA H100 80GB HBM3\nT4 =\n");
        var names = Devices.read(Optional.of(own));
        assertThat(names.request(new Gpu("mi300x", 1)).kind()).isEqualTo("amd/gpu");
        assertThat(names.request(new Gpu("H100", 1)).needs()).isEmpty();
        assertThat(names.rows()).doesNotContainKey("T4").containsKey("L4");
    }

    @ParameterizedTest
    @CsvSource({
        "X = nvidia/gpu; memory, X: 'memory' is not of the form",
        "X = nvidia/gpu; memory => 4 GiB, X: '=>' is not an operator",
        "X = nvidia/gpu; model regexp (, X: Unclosed group",
        "X = ; model = y, X: '' is not a kind of device",
        "X = nvidia/gpu; model regexp, X: 'model regexp' has no value",
    })
    void givenARowThatCannotBeRead_whenTheServerStarts_thenFileAndRowAreNamed(String row, String why)
            throws IOException {
        var own = file(row);
        assertThatThrownBy(() -> Devices.read(Optional.of(own)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContainingAll("serai.device.names", own.toString(), why);
    }

    private Path file(String content) throws IOException {
        return Files.writeString(folder.resolve("names.properties"), content);
    }
}
