// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.web;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class LabelTest {
    @Test
    void aLabelIsWorkspaceAppAndFunction() {
        assertThat(Label.of("main", "my_app-Hello", "")).isEqualTo(new Label("main--my-app-hello", false, false));
        assertThat(Label.of("main-prod", "shop", "dev").text()).isEqualTo("main-prod--shop-dev");
    }

    @Test
    void aLongLabelIsCutAndKeptApartByAHash() {
        var one = Label.of("main", "a".repeat(60) + "1", "dev");
        var other = Label.of("main", "a".repeat(60) + "2", "dev");
        assertThat(one.text()).hasSize(63).startsWith("main--aaa").endsWith("-dev");
        assertThat(one.truncated()).isTrue();
        assertThat(one.text()).isNotEqualTo(other.text());
    }

    @Test
    void aLabelThatIsTakenGetsAHashOfWhoAsks() {
        var plain = Label.of("main", "app-f", "");
        var mine = Label.of("main", "app-f", "", "me");
        assertThat(mine.unique()).isTrue();
        assertThat(mine.text())
                .startsWith(plain.text() + "-")
                .isNotEqualTo(Label.of("main", "app-f", "", "you").text());
    }

    @Property
    void everyLabelIsOneThatDnsAllows(
            @ForAll String space, @ForAll String base, @ForAll boolean dev, @ForAll boolean taken) {
        var label = Label.of("w" + space, "b" + base, dev ? "dev" : "", taken ? "x" : "");
        assertThat(label.text()).matches("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");
    }
}
