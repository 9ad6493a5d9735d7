// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.definition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import modal.client.Function;
import modal.client.FunctionOptions;
import modal.client.SchedulerPlacement;
import org.junit.jupiter.api.Test;
import serai.config.AutoscaleConfig;
import serai.config.ImageConfig;
import serai.config.RunnerConfig;
import serai.device.Devices;
import serai.function.AutoscalerSettings;
import serai.function.Definition;
import serai.function.OptionReader;
import serai.function.Resources;
import serai.function.RetryPolicy;

class WireOptionReaderTest {
    private static final WireOptionReader READER = new WireOptionReader(
            new AutoscaleConfig() {
                @Override
                public Duration scaledownWindow() {
                    return Duration.ofSeconds(60);
                }

                @Override
                public int maxContainers() {
                    return 100;
                }
            },
            Devices.read(Optional.empty()),
            new RunnerConfig() {
                @Override
                public List<Integer> nodePorts() {
                    return List.of();
                }
            },
            new ImageConfig(),
            null);

    /** Of when all of it was accepted. */
    private static final Function DEPLOYED_BEFORE = Function.newBuilder()
            .setFunctionName("f")
            .setCloudProviderStr("aws")
            .setI6PnEnabled(true)
            .putExperimentalOptions("vm", "True")
            .setSchedulerPlacement(SchedulerPlacement.newBuilder().setNonpreemptible(true))
            .build();

    private static OptionReader.Derived variant(FunctionOptions.Builder options) {
        return READER.apply(definition(), options.build().toByteArray());
    }

    private static Definition definition() {
        var duties = new Definition.Duties(
                new AutoscalerSettings(0, 1, 0, Duration.ofSeconds(60)),
                RetryPolicy.NONE,
                new Resources(125, 128, 0, 512),
                1,
                Duration.ofSeconds(300),
                Duration.ofSeconds(300),
                null,
                List.of(),
                "1.6.4");
        return new Definition(
                "fu-1", FunctionWire.of("ap-1", DEPLOYED_BEFORE, FunctionWire.dataOf(DEPLOYED_BEFORE)), duties);
    }

    @Test
    void givenABaseOfBeforeItsFeaturesWereRefused_whenAVariantIsMade_thenItIsNotRefusedForThem() {
        var variant = variant(FunctionOptions.newBuilder().setTimeoutSecs(7));

        assertThat(variant.duties().timeout()).isEqualTo(Duration.ofSeconds(7));
    }

    @Test
    void givenSuchABase_whenTheOptionsAskForMoreThatIsMissing_thenOnlyThatIsRefused() {
        var region = SchedulerPlacement.newBuilder().setNonpreemptible(true).addRegions("eu-west");

        assertThatThrownBy(() -> variant(FunctionOptions.newBuilder().setSchedulerPlacement(region)))
                .hasMessageContaining("region: leave it out")
                .hasMessageNotContainingAny("cloud:", "nonpreemptible:", "i6pn:", "experimental_options:");
    }
}
