// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.blob;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class PartDigestsTest {
    private static byte[] md5(byte[]... parts) throws Exception {
        var digest = MessageDigest.getInstance("MD5");
        for (var part : parts) {
            digest.update(part);
        }
        return digest.digest();
    }

    private static String tag(String content, int partSize) throws IOException {
        try (var in = new PartDigests(new ByteArrayInputStream(content.getBytes()), partSize)) {
            assertThat(new String(in.readAllBytes())).isEqualTo(content);
            return in.tag();
        }
    }

    @Test
    void givenSeveralParts_whenRead_thenTheTagIsTheDigestOfTheirDigestsAndTheirNumber() throws Exception {
        var expected = md5(md5("abc".getBytes()), md5("def".getBytes()), md5("g".getBytes()));
        assertThat(tag("abcdefg", 3)).isEqualTo(HexFormat.of().formatHex(expected) + "-3");
    }

    @Test
    void givenPartsThatEndWithTheContent_whenRead_thenThereIsNoEmptyOne() throws Exception {
        assertThat(tag("abcdef", 3)).endsWith("-2");
        assertThat(tag("abc", 3)).isEqualTo(HexFormat.of().formatHex(md5(md5("abc".getBytes()))) + "-1");
    }

    @Test
    void givenNothing_whenRead_thenItIsOneEmptyPart() throws Exception {
        assertThat(tag("", 3)).isEqualTo(HexFormat.of().formatHex(md5(md5(new byte[0]))) + "-1");
    }

    @Test
    void givenSingleBytes_whenRead_thenTheTagIsTheSame() throws Exception {
        try (var in = new PartDigests(new ByteArrayInputStream("abcdefg".getBytes()), 3)) {
            while (in.read() >= 0) {}
            assertThat(in.tag()).isEqualTo(tag("abcdefg", 3));
        }
    }
}
