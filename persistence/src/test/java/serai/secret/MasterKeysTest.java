// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.secret;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;
import serai.problem.Problem;
import serai.problem.ProblemException;

class MasterKeysTest {
    static final String OLD = key(1);
    static final String NEW = key(2);
    static final byte[] CONTENT = "a password".getBytes(StandardCharsets.UTF_8);

    private static String key(int seed) {
        var bytes = new byte[32];
        bytes[0] = (byte) seed;
        return Base64.getEncoder().encodeToString(bytes);
    }

    @Property(tries = 100)
    void whatWasSealedIsOpened(@ForAll @StringLength(max = 2_000) String content) {
        var keys = MasterKeys.parse(OLD);
        var bytes = content.getBytes(StandardCharsets.UTF_8);
        assertThat(keys.open("st-1", keys.seal("st-1", bytes))).isEqualTo(bytes);
    }

    @Test
    void givenTheSameContentTwice_thenNothingOfItIsTheSame() {
        var keys = MasterKeys.parse(OLD);
        var one = keys.seal("st-1", CONTENT);
        var other = keys.seal("st-1", CONTENT);
        assertThat(one.content()).isNotEqualTo(other.content());
        assertThat(one.wrappedKey()).isNotEqualTo(other.wrappedKey());
        assertThat(new String(one.content(), StandardCharsets.ISO_8859_1)).doesNotContain("password");
    }

    @Test
    void givenANewKeyInFront_thenTheOldContentIsReadAndRewrappedWithoutBeingEncryptedAnew() {
        var before = MasterKeys.parse(OLD).seal("st-1", CONTENT);
        var both = MasterKeys.parse(NEW + "\n" + OLD);
        assertThat(both.open("st-1", before)).isEqualTo(CONTENT);
        assertThat(both.older()).containsExactly(before.keyId());

        var after = both.rewrap("st-1", before);

        assertThat(after.content()).isEqualTo(before.content());
        assertThat(MasterKeys.parse(NEW).open("st-1", after)).isEqualTo(CONTENT);
    }

    @Test
    void givenAKeyThatIsGone_thenItIsNamed() {
        var before = MasterKeys.parse(OLD).seal("st-1", CONTENT);
        assertThatThrownBy(() -> MasterKeys.parse(NEW).open("st-1", before))
                .isInstanceOfSatisfying(
                        ProblemException.class, e -> assertThat(e.problem()).isEqualTo(Problem.SECRET_UNREADABLE))
                .hasMessageContaining(before.keyId());
    }

    @Test
    void givenContentInAnothersRow_thenItCannotBeRead() {
        var keys = MasterKeys.parse(OLD);
        var sealed = keys.seal("st-1", CONTENT);
        assertThatThrownBy(() -> keys.open("st-2", sealed)).hasMessageContaining("changed");
    }

    @Test
    void givenAChangedByte_thenItCannotBeRead() {
        var keys = MasterKeys.parse(OLD);
        var sealed = keys.seal("st-1", CONTENT);
        sealed.content()[20] ^= 1;
        assertThatThrownBy(() -> keys.open("st-1", sealed)).hasMessageContaining("changed");
    }

    @Test
    void givenAKeyOfAnotherSize_thenItIsRefusedByItsPositionAndNotShown() {
        for (var wrong : new String[] {"", "c2hvcnQ=", "not base64 !", OLD + ",c2hvcnQ="}) {
            assertThatThrownBy(() -> MasterKeys.parse(wrong))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("32 bytes in base64")
                    .hasMessageNotContaining("c2hvcnQ");
        }
    }

    @Test
    void givenVariables_thenTheyAreReadAsTheyWereWritten() {
        var variables = new Variables(Map.of("A", "1", "B", "", "ÄÖ", "多\n"));
        assertThat(Variables.parse(variables.serialized())).isEqualTo(variables);
        assertThat(variables).hasToString("3 variables");
    }
}
