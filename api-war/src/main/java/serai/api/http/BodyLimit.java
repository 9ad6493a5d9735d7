// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.http;

import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.ext.Provider;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import serai.problem.Problem;

/** No JSON that anyone has to send is larger. Content travels as blobs, which have their own limit. */
@Provider
public class BodyLimit implements ContainerRequestFilter {
    /** Bytes: a batch of logs has half a mebibyte of text, of which JSON may make six times as much. */
    static final int MAX_BYTES = 8 << 20;

    @Override
    public void filter(ContainerRequestContext request) {
        if (request.getLength() > MAX_BYTES) {
            throw tooLarge();
        }
        request.setEntityStream(new Limited(request.getEntityStream()));
    }

    private static RuntimeException tooLarge() {
        return Problem.INVALID_ARGUMENT.because("the body is larger than %s bytes", MAX_BYTES);
    }

    /** For bodies that do not say how long they are. */
    static final class Limited extends FilterInputStream {
        private long left = MAX_BYTES;

        Limited(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            int b = super.read();
            count(b < 0 ? 0 : 1);
            return b;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            int n = super.read(buffer, offset, length);
            count(n);
            return n;
        }

        private void count(int n) {
            left -= Math.max(0, n);
            if (left < 0) {
                throw tooLarge();
            }
        }
    }
}
