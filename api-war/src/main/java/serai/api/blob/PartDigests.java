// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.blob;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Reads what was uploaded in parts, and makes the tag that object stores make of it: the MD5 of the parts' MD5s, their number. */
final class PartDigests extends FilterInputStream {
    private final long partSize;
    private final MessageDigest part = md5();
    private final MessageDigest all = md5();
    private long inPart;
    private int parts;

    PartDigests(InputStream in, long partSize) {
        super(in);
        this.partSize = partSize;
    }

    @Override
    public int read() throws IOException {
        var one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        int n = super.read(into, offset, (int) Math.min(length, partSize - inPart));
        if (n > 0) {
            part.update(into, offset, n);
            inPart += n;
            if (inPart == partSize) {
                endPart();
            }
        }
        return n;
    }

    @Override
    public boolean markSupported() {
        return false;
    }

    /** @return of what was read so far, which is taken for all */
    String tag() {
        if (inPart > 0 || parts == 0) {
            endPart();
        }
        return HexFormat.of().formatHex(all.digest()) + "-" + parts;
    }

    private void endPart() {
        all.update(part.digest());
        inPart = 0;
        parts++;
    }

    private static MessageDigest md5() {
        try {
            return MessageDigest.getInstance("MD5");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has MD5", e);
        }
    }
}
