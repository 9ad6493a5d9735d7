// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.call;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.upokecenter.cbor.CBORException;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.InstantSource;
import java.util.Locale;
import modal.client.DataChunk;
import modal.client.DataFormat;
import modal.client.FunctionGetOutputsItem;
import modal.client.GeneratorDone;
import serai.api.rest.json.Json;
import serai.blob.BlobAddresses;
import serai.blob.Blobs;
import serai.call.Chunks;
import serai.call.Outcome;
import serai.call.Output;
import serai.workspace.Tenant;

/** From what a container delivered to what REST shows of it. */
@ApplicationScoped
public class Results {
    /** A result above it is a download. Its JSON takes several times as much memory. */
    static final long MAX_SHOWN_BYTES = 16 << 20;

    /** Values of a generator in one answer. */
    static final int MAX_VALUES = 10_000;

    private static final String TOO_LARGE = "larger than %d bytes".formatted(MAX_SHOWN_BYTES);
    private static final String NOT_OURS = "the call was made by a client, whose format is Python's own";

    private final Blobs blobs;
    private final BlobAddresses addresses;
    private final Chunks chunks;
    private final InstantSource clock = InstantSource.system();

    @Inject
    public Results(Blobs blobs, BlobAddresses addresses, Chunks chunks) {
        this.blobs = blobs;
        this.addresses = addresses;
        this.chunks = chunks;
    }

    public Results() {
        this(null, null, null); // for the server's proxy
    }

    public Result of(Tenant tenant, String callId, Output output) {
        if (output.content() == null) {
            return new Result.Failed(Failure.decided(output.outcome(), output.reason()));
        }
        var item = parse(output.content());
        if (output.outcome() != Outcome.SUCCESS) {
            return new Result.Failed(Failure.of(output.outcome(), item.getResult()));
        }
        if (item.getDataFormat() == DataFormat.DATA_FORMAT_GENERATOR_DONE) {
            return generated(tenant, callId, item.getResult().getData());
        }
        return shown(
                tenant,
                item.getDataFormat(),
                item.getResult().getData(),
                item.getResult().getDataBlobId());
    }

    private Result shown(Tenant tenant, DataFormat format, ByteString inline, String blobId) {
        var name = format.name().replace("DATA_FORMAT_", "").toLowerCase(Locale.ROOT);
        var blob = blobId.isEmpty() ? null : blobs.get(tenant, blobId);
        long size = blob == null ? inline.size() : blob.size();
        var url =
                blob == null ? null : addresses.download(blob, clock.instant()).toString();
        if (format != DataFormat.DATA_FORMAT_CBOR) {
            return new Result.Elsewhere(new Result.Reference(name, size, url, NOT_OURS));
        }
        if (size > MAX_SHOWN_BYTES) {
            return new Result.Elsewhere(new Result.Reference(name, size, url, TOO_LARGE));
        }
        try {
            return new Result.Value(PythonValues.toJson(blob == null ? inline.toByteArray() : read(blob)));
        } catch (CBORException | IllegalStateException | ArithmeticException e) {
            var why = "what the container sent cannot be shown: " + e.getMessage();
            return new Result.Elsewhere(new Result.Reference(name, size, url, why));
        }
    }

    private byte[] read(serai.blob.Blob blob) {
        try (var content = blobs.open(blob)) {
            return content.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Everything that a generator yielded, as one array. */
    private Result generated(Tenant tenant, String callId, ByteString done) {
        long total = total(done);
        if (total > MAX_VALUES) {
            return new Result.Elsewhere(new Result.Reference(
                    "generator", 0, null, "%d values: at most %d are shown".formatted(total, MAX_VALUES)));
        }
        var values = Json.PROVIDER.createArrayBuilder();
        long bytes = 0;
        for (var chunk : chunks.after(callId, Chunks.Direction.OUT, 0, (int) total)) {
            var message = parseChunk(chunk.content());
            bytes += chunk.content().length;
            if (bytes > MAX_SHOWN_BYTES) {
                return new Result.Elsewhere(new Result.Reference("generator", bytes, null, TOO_LARGE));
            }
            switch (shown(tenant, message.getDataFormat(), message.getData(), message.getDataBlobId())) {
                case Result.Value(var json) -> values.add(json);
                case Result.Elsewhere elsewhere -> {
                    return elsewhere;
                }
                case Result.Failed failed -> {
                    return failed;
                }
            }
        }
        return new Result.Value(values.build());
    }

    private static long total(ByteString done) {
        try {
            return GeneratorDone.parseFrom(done).getItemsTotal();
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("the end of a kept generator cannot be read", e);
        }
    }

    private static FunctionGetOutputsItem parse(byte[] content) {
        try {
            return FunctionGetOutputsItem.parseFrom(content);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("a kept output cannot be read", e);
        }
    }

    private static DataChunk parseChunk(byte[] content) {
        try {
            return DataChunk.parseFrom(content);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("a kept chunk cannot be read", e);
        }
    }
}
