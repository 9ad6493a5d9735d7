// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.definition;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import modal.client.Function;
import modal.client.SchedulerPlacement;
import org.junit.jupiter.api.Test;

class MissingFeaturesTest {
    private static Function.Builder aFunction() {
        return Function.newBuilder().setFunctionName("f");
    }

    private static Function.Builder aServer(String routingRegion) {
        var server = aFunction().setIsServer(true);
        server.getHttpConfigBuilder().setPort(8000).addProxyRegions(routingRegion);
        return server;
    }

    private static List<String> names(Function.Builder function) {
        return MissingFeatures.of(function.build()).stream()
                .map(sentence -> sentence.split(":")[0])
                .toList();
    }

    @Test
    void givenNothingSpecial_whenRead_thenNothingIsMissing() {
        assertThat(names(aFunction())).isEmpty();
    }

    @Test
    void givenAPlace_whenRead_thenItIsRefusedByItsName() {
        assertThat(names(aFunction().setCloudProviderStr("gcp"))).containsExactly("cloud");
        assertThat(names(aFunction().setRoutingRegion("us-west"))).containsExactly("routing_region");
        var placement = SchedulerPlacement.newBuilder().addRegions("eu-west").setNonpreemptible(true);
        assertThat(names(aFunction().setSchedulerPlacement(placement))).containsExactly("region", "nonpreemptible");
    }

    @Test
    void givenTheExperimentalPlacement_whenRead_thenEachOfItIsRefusedByItsName() {
        var placement = SchedulerPlacement.newBuilder()
                .setZone("us-east-1a")
                .setLifecycle("on-demand")
                .addInstanceTypes("p5.48xlarge");
        assertThat(names(aFunction().setSchedulerPlacement(placement)))
                .containsExactly("zone", "spot", "instance_type");
    }

    @Test
    void givenACloud_whenRead_thenItIsSaidThatTheClientsSettingsMayHaveAskedForIt() {
        assertThat(MissingFeatures.of(aFunction().setCloudProviderStr("aws").build()))
                .singleElement()
                .asString()
                .contains("default_cloud of ~/.modal.toml", "MODAL_DEFAULT_CLOUD");
    }

    @Test
    void givenAnyCloud_whenRead_thenThatIsWhatItGets() {
        assertThat(names(aFunction().setCloudProviderStr("auto"))).isEmpty();
    }

    @Test
    void givenAServer_whenItsRegionIsTheClientsOwn_thenOnlyAChosenOneIsRefused() {
        assertThat(names(aServer("us-east"))).isEmpty();
        assertThat(names(aServer("eu-west"))).containsExactly("routing_region");
    }

    @Test
    void givenAServerThatIsToBeAskedInHttp2_whenRead_thenItIsRefused() {
        var server = aServer("us-east");
        server.getHttpConfigBuilder().setH2Enabled(true);
        assertThat(names(server)).containsExactly("h2_enabled");
    }

    @Test
    void givenTheNetworkOfContainers_whenRead_thenItIsNamedAsItWasAskedFor() {
        assertThat(names(aFunction().setI6PnEnabled(true))).containsExactly("i6pn");
        assertThat(names(aFunction().setI6PnEnabled(true).setExperimentalGroupSize(2)))
                .containsExactly("clustered functions");
    }

    @Test
    void givenExperimentalOptions_whenRead_thenEachIsNamed() {
        var function = aFunction().putExperimentalOptions("vm", "True").putExperimentalOptions("flash", "True");
        assertThat(MissingFeatures.of(function.build()))
                .containsExactly("experimental_options: leave out 'flash'", "experimental_options: leave out 'vm'");
    }

    @Test
    void givenSnapshotsOfMemory_whenRead_thenTheFunctionDoesWithoutAndIsTold() {
        var function = aFunction().setCheckpointingEnabled(true).putExperimentalOptions("enable_gpu_snapshot", "True");
        assertThat(names(function)).isEmpty();
        assertThat(Snapshots.warnings(function.build()))
                .singleElement()
                .satisfies(
                        warning -> assertThat(warning.getMessage()).startsWith("Function 'f': enable_memory_snapshot"));
        assertThat(Snapshots.warnings(aFunction().build())).isEmpty();
    }
}
