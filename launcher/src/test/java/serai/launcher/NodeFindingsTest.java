// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import serai.launcher.DoctorCommand.Finding;
import serai.launcher.DoctorCommand.Verdict;

class NodeFindingsTest {
    private static final Settings SETTINGS = new Settings(Map.of());
    private static final Finding FINE = new Finding("network", Verdict.OK, "pasta gives each container one", null);

    private static Finding images(String said) {
        return NodeFindings.images(Json.parse("{\"images\": " + said + "}"), SETTINGS);
    }

    @Test
    void givenANodeThatBuilds_thenImagesAreFineWhateverARegistryWouldNeed() {
        assertThat(images("{\"works\": true, \"detail\": \"\", \"lacks\": [\"skopeo\"]}"))
                .isEqualTo(new Finding("images", Verdict.OK, "layers can be built", null));
    }

    @Test
    void givenANodeThatBuildsNone_thenTheRunnersReasonIsTold_andContainersMayRun() {
        assertThat(images("{\"works\": false, \"detail\": \"run as root\", \"lacks\": []}"))
                .isEqualTo(new Finding("images", Verdict.LIMITED, "run as root", null));
    }

    @Test
    void givenNothingThatMakesBaseSystems_thenItIsNamed() {
        assertThat(images("{\"works\": true, \"detail\": \"\", \"lacks\": [\"mmdebstrap\"]}"))
                .matches(finding -> finding.verdict() == Verdict.LIMITED)
                .matches(finding -> finding.detail().contains("mmdebstrap"));
    }

    @Test
    void givenARunnerOfAnEarlierBuild_thenNothingIsClaimed() {
        assertThat(NodeFindings.images(Json.parse("{}"), SETTINGS).verdict()).isEqualTo(Verdict.LIMITED);
        assertThat(NodeFindings.network(FINE, Json.parse("{}"))).isEqualTo(FINE);
    }

    @Test
    void givenANetworkThatLooksFineAndFails_thenTheTrialCounts() {
        var found = Json.parse("{\"network\": {\"works\": false, \"detail\": \"no veth\"}}");
        assertThat(NodeFindings.network(FINE, found))
                .isEqualTo(new Finding("network", Verdict.MISSING, "no veth", null));
        var missing = new Finding("network", Verdict.MISSING, "pasta is not there", "install it");
        assertThat(NodeFindings.network(missing, found)).isEqualTo(missing);
    }
}
