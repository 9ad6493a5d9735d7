// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.blob;

import java.io.IOException;
import java.io.InputStream;

/** The port to whatever keeps large payloads: a directory here, an object store elsewhere. Content never changes. */
public interface BlobStore {
    /**
     * Keeps the whole stream under the id, or nothing of it. A second write under the same id replaces the first.
     *
     * @param limit bytes after which it is refused
     * @return what was written
     */
    Stored put(String id, InputStream content, long limit) throws IOException;

    /** @throws java.nio.file.NoSuchFileException if there is none under that id */
    InputStream open(String id) throws IOException;

    void delete(String id) throws IOException;

    /** @param md5 hex digest, the {@code ETag} that clients of object stores expect */
    record Stored(long size, String md5, String sha256) {}
}
