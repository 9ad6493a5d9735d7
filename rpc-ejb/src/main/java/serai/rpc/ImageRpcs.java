// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import modal.client.GenericResult;
import modal.client.ImageGetOrCreateRequest;
import modal.client.ImageGetOrCreateResponse;
import modal.client.ModalClientGrpc;
import serai.definition.ImageLayers;

/** Images, layer by layer. */
@ApplicationScoped
class ImageRpcs implements RpcFeature {
    private final ImageLayers layers;

    @Inject
    ImageRpcs(ImageLayers layers) {
        this.layers = layers;
    }

    ImageRpcs() {
        this(null); // for the server's proxy
    }

    @Override
    public void register(Methods methods) {
        methods.unary(ModalClientGrpc.getImageGetOrCreateMethod(), this::getOrCreate);
    }

    private ImageGetOrCreateResponse getOrCreate(Caller caller, ImageGetOrCreateRequest request) {
        var ready = layers.getOrCreate(caller.tenant(), request.getImage(), request.getBuilderVersion());
        var response = ImageGetOrCreateResponse.newBuilder()
                .setImageId(ready.image().id())
                .setResult(GenericResult.newBuilder().setStatus(GenericResult.GenericStatus.GENERIC_STATUS_SUCCESS));
        response.getMetadataBuilder().setImageBuilderVersion(ready.image().builderVersion());
        var contents = ready.contents();
        contents.pythonVersion().ifPresent(v -> response.getMetadataBuilder().setPythonVersionInfo("Python " + v));
        contents.workdir().ifPresent(w -> response.getMetadataBuilder().setWorkdir(w));
        return response.build();
    }
}
