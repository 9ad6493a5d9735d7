// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.blob;

import jakarta.ws.rs.ApplicationPath;
import java.util.List;
import serai.api.http.Endpoints;

/** Without the limit for bodies that the others have. */
@ApplicationPath("blobs")
public class BlobEndpoints extends Endpoints {
    public BlobEndpoints() {
        super(List.of(BlobsResource.class));
    }
}
