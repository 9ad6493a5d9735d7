// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import org.junit.jupiter.api.Test;

class ContentRpcsTest {
    @Test
    void givenAHostThatPythonsPackageDoesNotKnow_whenABlobIsUploaded_thenItGoesInParts() {
        assertThat(ContentRpcs.takesWhole(true, URI.create("http://127.0.0.1:8080/blobs/bl-1")))
                .isTrue();
        assertThat(ContentRpcs.takesWhole(true, URI.create("http://localhost:8080/blobs/bl-1")))
                .isTrue();
        assertThat(ContentRpcs.takesWhole(true, URI.create("https://serai.example.com/blobs/bl-1")))
                .isFalse();
        assertThat(ContentRpcs.takesWhole(true, URI.create("http://10.0.0.5:8080/blobs/bl-1")))
                .isFalse();
    }

    @Test
    void givenAnotherLanguage_whenABlobIsUploaded_thenItGoesWholeToAnyHost() {
        assertThat(ContentRpcs.takesWhole(false, URI.create("https://serai.example.com/blobs/bl-1")))
                .isTrue();
    }
}
