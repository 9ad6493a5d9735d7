// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.blob;

import jakarta.enterprise.context.RequestScoped;
import jakarta.inject.Inject;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.EntityTag;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;
import java.io.IOException;
import java.io.InputStream;
import java.time.InstantSource;
import serai.api.http.Access;
import serai.blob.Blob;
import serai.blob.BlobAddresses;
import serai.blob.Blobs;
import serai.problem.Problem;

/** One blob under its signed address. Clients take it for an object store: a plain PUT, an ETag, a plain GET. */
@Path("{id}")
@Access(Access.By.ITSELF) // by the address's signature
@RequestScoped
public class BlobsResource {
    private static final int BUFFER = 1 << 16;

    private final BlobAddresses addresses;
    private final Blobs blobs;
    private final Uploads uploads;
    private final InstantSource clock = InstantSource.system();

    @Inject
    public BlobsResource(BlobAddresses addresses, Blobs blobs, Uploads uploads) {
        this.addresses = addresses;
        this.blobs = blobs;
        this.uploads = uploads;
    }

    public BlobsResource() {
        this(null, null, null); // for the server's proxy
    }

    /** @return with the content's MD5 as ETag, which the client compares with its own */
    @PUT
    public Response put(
            @PathParam("id") String id,
            @QueryParam("expires") String expires,
            @QueryParam("signature") String signature,
            @HeaderParam(HttpHeaders.CONTENT_LENGTH) String length,
            InputStream content)
            throws IOException {
        addresses.checkUpload(id, expires, signature, clock.instant());
        var blob = blobs.signed(id);
        if (length != null && !length.equals(Long.toString(blob.size()))) {
            throw Problem.INVALID_ARGUMENT.because(
                    "blob %s: %s bytes are offered, %s were announced", id, length, blob.size());
        }
        var received = uploads.receive(blob, content, clock.instant());
        return Response.ok().tag(new EntityTag(received.md5())).build();
    }

    /** @return with the part's MD5 as ETag */
    @PUT
    @Path("parts/{number}")
    public Response putPart(
            @PathParam("id") String id,
            @PathParam("number") String number,
            @QueryParam("expires") String expires,
            @QueryParam("signature") String signature,
            InputStream content)
            throws IOException {
        addresses.checkUploadOfPart(id, number, expires, signature, clock.instant());
        var received = uploads.receivePart(blobs.signed(id), Integer.parseInt(number), content); // we signed the number
        return Response.ok().tag(new EntityTag(received.md5())).build();
    }

    /** Clients look for the tag in the text. What they say of the parts is not read: the parts are. */
    @POST
    @Path("complete")
    @Produces(MediaType.APPLICATION_XML)
    public String complete(
            @PathParam("id") String id,
            @QueryParam("expires") String expires,
            @QueryParam("signature") String signature)
            throws IOException {
        addresses.checkCompletion(id, expires, signature, clock.instant());
        return "<CompleteMultipartUploadResult><ETag>\"%s\"</ETag></CompleteMultipartUploadResult>"
                .formatted(uploads.assemble(blobs.signed(id), clock.instant()));
    }

    @GET
    @Produces(MediaType.APPLICATION_OCTET_STREAM)
    public Response get(
            @PathParam("id") String id,
            @QueryParam("expires") String expires,
            @QueryParam("signature") String signature,
            @HeaderParam("Range") String range) {
        addresses.checkDownload(id, expires, signature, clock.instant());
        var blob = blobs.signed(id);
        if (!blob.isStored()) {
            throw Problem.BLOB_NOT_FOUND.because("Blob '%s' is announced and not uploaded yet", id);
        }
        var part = ByteRange.of(range, blob.size());
        if (part.isEmpty()) {
            return Response.ok(blobs.open(blob))
                    .header(HttpHeaders.CONTENT_LENGTH, blob.size())
                    .header("Accept-Ranges", "bytes")
                    .build();
        }
        return part(blob, part.get());
    }

    private Response part(Blob blob, ByteRange part) {
        if (!part.isSatisfiable()) {
            throw new WebApplicationException(Response.Status.REQUESTED_RANGE_NOT_SATISFIABLE);
        }
        var content = blobs.open(blob);
        StreamingOutput body = out -> {
            try (content) {
                content.skipNBytes(part.first());
                var buffer = new byte[BUFFER];
                for (long left = part.length(); left > 0; ) {
                    int n = content.readNBytes(buffer, 0, (int) Math.min(left, BUFFER));
                    if (n == 0) {
                        throw new IOException("blob %s is shorter than it was".formatted(blob.id()));
                    }
                    out.write(buffer, 0, n);
                    left -= n;
                }
            }
        };
        return Response.status(Response.Status.PARTIAL_CONTENT)
                .entity(body)
                .header(HttpHeaders.CONTENT_LENGTH, part.length())
                .header("Content-Range", part.of(blob.size()))
                .build();
    }
}
