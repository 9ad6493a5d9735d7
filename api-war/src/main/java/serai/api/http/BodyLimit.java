// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.http;

import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.core.MediaType;
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

    /** Bytes: the sources of a deployment have 32 MiB, and the parts that they travel in have a little more. */
    static final int MAX_MULTIPART_BYTES = 34 << 20;

    @Override
    public void filter(ContainerRequestContext request) {
        int limit = isMultipart(request.getMediaType()) ? MAX_MULTIPART_BYTES : MAX_BYTES;
        if (request.getLength() > limit) {
            throw tooLarge(limit);
        }
        request.setEntityStream(new Limited(request.getEntityStream(), limit));
    }

    private static boolean isMultipart(MediaType type) {
        return type != null && type.isCompatible(MediaType.MULTIPART_FORM_DATA_TYPE) && !type.isWildcardType();
    }

    private static RuntimeException tooLarge(int limit) {
        return Problem.INVALID_ARGUMENT.because("the body is larger than %s bytes", limit);
    }

    /** For bodies that do not say how long they are. */
    static final class Limited extends FilterInputStream {
        private final int limit;
        private long left;

        Limited(InputStream in, int limit) {
            super(in);
            this.limit = limit;
            this.left = limit;
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
                throw tooLarge(limit);
            }
        }
    }
}
