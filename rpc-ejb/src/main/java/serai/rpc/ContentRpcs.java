// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import com.google.protobuf.Timestamp;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.net.URI;
import java.time.InstantSource;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import modal.client.BlobCreateRequest;
import modal.client.BlobCreateResponse;
import modal.client.BlobGetRequest;
import modal.client.BlobGetResponse;
import modal.client.ModalClientGrpc;
import modal.client.MountBatchedCheckExistenceRequest;
import modal.client.MountBatchedCheckExistenceResponse;
import modal.client.MountGetOrCreateRequest;
import modal.client.MountGetOrCreateResponse;
import modal.client.MountPutFileRequest;
import modal.client.MountPutFileResponse;
import modal.client.MultiPartUpload;
import serai.blob.Blob;
import serai.blob.BlobAddresses;
import serai.blob.Blobs;
import serai.mount.Mount;
import serai.mount.MountFile;
import serai.mount.Mounts;
import serai.problem.Problem;
import serai.workspace.Workspaces;

/** Source files and large payloads. */
@ApplicationScoped
class ContentRpcs implements RpcFeature {
    private static final int MAX_HASHES = 1_000;

    /** Its {@code use_md5}, of the versions that know fewest. */
    private static final Set<String> KNOWN_TO_PYTHON = Set.of("127.0.0.1", "localhost");

    private final Mounts mounts;
    private final Blobs blobs;
    private final BlobAddresses addresses;
    private final Workspaces workspaces;
    private final Once once;
    private final InstantSource clock = InstantSource.system();

    @Inject
    ContentRpcs(Mounts mounts, Blobs blobs, BlobAddresses addresses, Workspaces workspaces, Once once) {
        this.mounts = mounts;
        this.blobs = blobs;
        this.addresses = addresses;
        this.workspaces = workspaces;
        this.once = once;
    }

    ContentRpcs() {
        this(null, null, null, null, null); // for the server's proxy
    }

    @Override
    public void register(Methods methods) {
        methods.unary(ModalClientGrpc.getMountBatchedCheckExistenceMethod(), this::missing)
                .unary(ModalClientGrpc.getMountPutFileMethod(), this::putFile)
                .unary(ModalClientGrpc.getMountGetOrCreateMethod(), this::mount)
                .unary(ModalClientGrpc.getBlobCreateMethod(), this::createBlob)
                .unary(ModalClientGrpc.getBlobGetMethod(), this::getBlob);
    }

    private MountBatchedCheckExistenceResponse missing(Caller caller, MountBatchedCheckExistenceRequest request) {
        var asked = request.getSha256HexHashesList();
        if (asked.size() > MAX_HASHES) {
            throw Problem.INVALID_ARGUMENT.because("%d hashes, at most %d are allowed", asked.size(), MAX_HASHES);
        }
        return MountBatchedCheckExistenceResponse.newBuilder()
                .addAllMissingSha256HexHashes(mounts.missing(caller.tenant(), asked))
                .setCheckedAt(now())
                .build();
    }

    private MountPutFileResponse putFile(Caller caller, MountPutFileRequest request) {
        var sha256 = request.getSha256Hex();
        switch (request.getDataOneofCase()) {
            case DATA -> mounts.put(caller.tenant(), sha256, request.getData().toByteArray(), clock.instant());
            case DATA_BLOB_ID ->
                mounts.put(caller.tenant(), sha256, blobs.get(caller.tenant(), request.getDataBlobId()));
            case DATAONEOF_NOT_SET -> {} // only asks whether it is there
        }
        return MountPutFileResponse.newBuilder()
                .setExists(mounts.missing(caller.tenant(), List.of(sha256)).isEmpty())
                .setCheckedAt(now())
                .build();
    }

    private Timestamp now() {
        var now = clock.instant();
        return Timestamp.newBuilder()
                .setSeconds(now.getEpochSecond())
                .setNanos(now.getNano())
                .build();
    }

    private MountGetOrCreateResponse mount(Caller caller, MountGetOrCreateRequest request) {
        var environment = workspaces.environment(caller.tenant(), request.getEnvironmentName());
        var name = request.getDeploymentName();
        var method = ModalClientGrpc.getMountGetOrCreateMethod();
        return once.answer(method, MountGetOrCreateResponse.parser(), caller, () -> {
            boolean lookUp = !name.isEmpty() && request.getFilesCount() == 0;
            var mount = lookUp
                    ? mounts.named(caller.tenant(), environment, name, isOurs(name))
                    : mounts.create(
                            caller.tenant(),
                            environment,
                            name.isEmpty() ? Optional.empty() : Optional.of(name),
                            request.getFilesList().stream()
                                    .map(f -> new MountFile(f.getFilename(), f.getSha256Hex(), f.getMode()))
                                    .toList());
            return answer(mount);
        });
    }

    /** Those that the public service has for everybody. */
    private static boolean isOurs(String name) {
        return name.startsWith(Mount.CLIENT) || name.startsWith(Mount.STANDALONE_PYTHON);
    }

    private static MountGetOrCreateResponse answer(Mount mount) {
        var response = MountGetOrCreateResponse.newBuilder().setMountId(mount.id());
        response.getHandleMetadataBuilder().setContentChecksumSha256Hex(mount.checksum());
        return response.build();
    }

    private BlobCreateResponse createBlob(Caller caller, BlobCreateRequest request) {
        var sha256 = request.getContentSha256Base64().isEmpty()
                ? null
                : HexFormat.of().formatHex(Base64.getDecoder().decode(request.getContentSha256Base64()));
        var method = ModalClientGrpc.getBlobCreateMethod();
        return once.answer(method, BlobCreateResponse.parser(), caller, () -> {
            var blob = blobs.announce(caller.tenant(), request.getContentLength(), sha256);
            var response = BlobCreateResponse.newBuilder().setBlobId(blob.id()).addBlobIds(blob.id());
            var addresses = addresses(caller);
            var whole = addresses.upload(blob, clock.instant());
            if (blob.parts() > 1 || !takesWhole(caller.isPython(), whole)) {
                var parts = inParts(addresses, blob);
                response.setMultipart(parts)
                        .getMultipartsBuilder()
                        .addItems(parts); // 1.0 knows only the first of the two
            } else {
                response.setUploadUrl(whole.toString()).getUploadUrlsBuilder().addItems(whole.toString());
            }
            return response.build();
        });
    }

    /**
     * The Python package refuses to send a blob in one piece to a host that it does not know. In parts it sends it to any host,
     * be it one part; the packages of other languages send none in parts.
     */
    static boolean takesWhole(boolean isPython, URI address) {
        return !isPython || KNOWN_TO_PYTHON.contains(address.getHost());
    }

    private BlobAddresses addresses(Caller caller) {
        return caller.store().map(addresses::below).orElse(addresses);
    }

    private MultiPartUpload inParts(BlobAddresses addresses, Blob blob) {
        var now = clock.instant();
        var upload = MultiPartUpload.newBuilder()
                .setPartLength(Blobs.PART_BYTES)
                .setCompletionUrl(addresses.completion(blob, now).toString());
        for (int number = 1; number <= blob.parts(); number++) {
            upload.addUploadUrls(addresses.uploadOfPart(blob, number, now).toString());
        }
        return upload.build();
    }

    private BlobGetResponse getBlob(Caller caller, BlobGetRequest request) {
        var blob = blobs.get(caller.tenant(), request.getBlobId());
        return BlobGetResponse.newBuilder()
                .setDownloadUrl(
                        addresses(caller).download(blob, clock.instant()).toString())
                .build();
    }
}
