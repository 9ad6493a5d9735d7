// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serai.config.NomadConfig.Volume;

class NomadConfigTest {
    private static NomadConfig with(String volumes) {
        var config = NomadConfig.at(URI.create("http://127.0.0.1:4646"), Optional.empty());
        config.volumes = Optional.ofNullable(volumes);
        return config;
    }

    @Test
    void aVolumeHasANameAPathAndPerhapsWordsThatNobodyWritesToIt() {
        assertThat(with("usr=/usr:ro, serai-cache=/var/lib/serai/cache").volumes())
                .containsExactly(
                        new Volume("usr", "/usr", true), new Volume("serai-cache", "/var/lib/serai/cache", false));
        assertThat(with(null).volumes()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"usr", "usr=usr", "=/usr", "usr=/usr:rw", "usr=/usr,", "a b=/usr"})
    void whatIsNoVolumeIsRefused(String text) {
        assertThatThrownBy(() -> with(text).volumes()).hasMessageContaining("serai.nomad.volumes");
    }
}
