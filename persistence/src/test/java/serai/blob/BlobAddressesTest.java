// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import serai.problem.ProblemException;

class BlobAddressesTest {
    static final Instant NOON = Instant.parse("2030-01-01T12:00:00Z");
    static final BlobAddresses ADDRESSES = addresses("one");

    @Test
    void givenAnAddress_thenItLeadsToTheBlobAndNothingElse() {
        var address = ADDRESSES.address("PUT", "bl-1", NOON);
        assertThat(address).hasScheme("http").hasHost("127.0.0.1").hasPort(8080).hasPath("/blobs/bl-1");
        var query = query(address);
        assertThatCode(() -> ADDRESSES.checkUpload("bl-1", query.expires, query.signature, NOON))
                .doesNotThrowAnyException();
        assertThatThrownBy(() -> ADDRESSES.checkUpload("bl-2", query.expires, query.signature, NOON))
                .isInstanceOf(ProblemException.class)
                .hasMessageContaining("bl-2");
    }

    @Test
    void givenSomebodyWhoFindsUsElsewhere_thenItsAddressesLeadThereAndAreAsGood() {
        var address = ADDRESSES.below(URI.create("http://127.0.0.1:59")).address("GET", "bl-1", NOON);
        assertThat(address).hasHost("127.0.0.1").hasPort(59).hasPath("/blobs/bl-1");
        var query = query(address);
        assertThatCode(() -> ADDRESSES.checkDownload("bl-1", query.expires, query.signature, NOON))
                .doesNotThrowAnyException();
    }

    @Test
    void givenAnAddressToRead_thenItIsNoneToWrite() {
        var query = query(ADDRESSES.address("GET", "bl-1", NOON));
        assertThatCode(() -> ADDRESSES.checkDownload("bl-1", query.expires, query.signature, NOON))
                .doesNotThrowAnyException();
        assertThatThrownBy(() -> ADDRESSES.checkUpload("bl-1", query.expires, query.signature, NOON))
                .isInstanceOf(ProblemException.class);
    }

    @Test
    void givenAnAddress_whenItsTimeIsOver_thenItIsRefused() {
        var query = query(ADDRESSES.address("GET", "bl-1", NOON));
        var end = NOON.plus(BlobAddresses.VALIDITY);
        assertThatCode(() -> ADDRESSES.checkDownload("bl-1", query.expires, query.signature, end.minusSeconds(1)))
                .doesNotThrowAnyException();
        assertThatThrownBy(() -> ADDRESSES.checkDownload("bl-1", query.expires, query.signature, end))
                .hasMessageContaining("expired");
        assertThatThrownBy(() -> ADDRESSES.checkDownload("bl-1", query.expires + "0", query.signature, end))
                .hasMessageContaining("not signed");
    }

    @Test
    void givenAnotherServer_whenItHasTheSameKey_thenItAcceptsTheAddress() {
        var query = query(ADDRESSES.address("GET", "bl-1", NOON));
        assertThatCode(() -> addresses("one").checkDownload("bl-1", query.expires, query.signature, NOON))
                .doesNotThrowAnyException();
        assertThatThrownBy(() -> addresses("two").checkDownload("bl-1", query.expires, query.signature, NOON))
                .hasMessageContaining("not signed");
    }

    @Test
    void givenAnAddressWithoutItsQuery_thenItIsRefused() {
        assertThatThrownBy(() -> ADDRESSES.checkDownload("bl-1", null, null, NOON))
                .hasMessageContaining("not signed");
        assertThatThrownBy(() -> ADDRESSES.checkDownload("bl-1", "soon", "", NOON))
                .hasMessageContaining("not signed");
    }

    static BlobAddresses addresses(String key) {
        return new BlobAddresses(URI.create("http://127.0.0.1:8080/"), key.getBytes());
    }

    private record Query(String expires, String signature) {}

    private static Query query(URI address) {
        Map<String, String> values = new HashMap<>();
        for (var pair : address.getRawQuery().split("&")) {
            var equals = pair.indexOf('=');
            values.put(pair.substring(0, equals), pair.substring(equals + 1));
        }
        return new Query(values.get("expires"), values.get("signature"));
    }
}
