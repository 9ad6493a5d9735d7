// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import com.google.protobuf.Empty;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import modal.client.ImageGetByTagRequest;
import modal.client.ImageGetByTagResponse;
import modal.client.ImageListTagsItem;
import modal.client.ImageListTagsRequest;
import modal.client.ImageListTagsResponse;
import modal.client.ImageNameDeleteRequest;
import modal.client.ImagePublishRequest;
import modal.client.ImagePublishResponse;
import modal.client.ImageTagRevisionsItem;
import modal.client.ImageTagRevisionsRequest;
import modal.client.ImageTagRevisionsResponse;
import modal.client.ModalClientGrpc;
import serai.image.ImageNames;
import serai.image.Images;
import serai.image.Publications;
import serai.problem.Problem;
import serai.workspace.Environment;
import serai.workspace.Tenant;
import serai.workspace.Workspaces;

/** Names of images. Clients say them with their tag, and mostly with an environment: {@code main/lab:latest}. */
@ApplicationScoped
class ImageNameRpcs implements RpcFeature {
    private static final int PAGE = 1_000;

    private final ImageNames names;
    private final Images images;
    private final Publications publications;
    private final Workspaces workspaces;

    @Inject
    ImageNameRpcs(ImageNames names, Images images, Publications publications, Workspaces workspaces) {
        this.names = names;
        this.images = images;
        this.publications = publications;
        this.workspaces = workspaces;
    }

    ImageNameRpcs() {
        this(null, null, null, null); // for the server's proxy
    }

    @Override
    public void register(Methods methods) {
        methods.unary(ModalClientGrpc.getImagePublishMethod(), this::publish);
        methods.unary(ModalClientGrpc.getImageGetByTagMethod(), this::find);
        methods.unary(ModalClientGrpc.getImageListTagsMethod(), this::list);
        methods.unary(ModalClientGrpc.getImageTagRevisionsMethod(), this::history);
        methods.unary(ModalClientGrpc.getImageNameDeleteMethod(), this::delete);
    }

    private ImagePublishResponse publish(Caller caller, ImagePublishRequest request) {
        if (request.getAllowPublic()) {
            throw Problem.INVALID_ARGUMENT.because("is_public: images are their workspace's own here");
        }
        var image = images.get(caller.tenant(), request.getImageId());
        images.used(image.id(), Instant.now()); // it is not garbage in the next moment
        images.whole(caller.tenant(), image.id());
        var place = place(caller.tenant(), request.getTag(), request.getEnvironmentName());
        names.give(place.environment, place.name, image.id(), Instant.now());
        return ImagePublishResponse.newBuilder().setImageId(image.id()).build();
    }

    private ImageGetByTagResponse find(Caller caller, ImageGetByTagRequest request) {
        var place = place(caller.tenant(), request.getTag(), request.getEnvironmentName());
        var id = names.find(place.environment, place.name).orElseThrow(place::unknown);
        publications.known(caller.tenant(), id, Instant.now());
        return ImageGetByTagResponse.newBuilder().setImageId(id).build();
    }

    private ImageListTagsResponse list(Caller caller, ImageListTagsRequest request) {
        var environment = workspaces.environment(caller.tenant(), request.getEnvironmentName());
        int most = most(request.getMaxObjects());
        var image = request.getImageId().isEmpty()
                ? ""
                : images.get(caller.tenant(), request.getImageId()).id();
        var page = names.list(environment, request.getTagPrefix(), image, request.getPageToken(), most);
        var response = ImageListTagsResponse.newBuilder().setEnvironmentName(environment.name());
        page.stream().map(ImageNameRpcs::item).forEach(response::addItems);
        if (page.size() == most) {
            response.setNextPageToken(page.getLast().name());
        }
        return response.build();
    }

    /** Empty for a name that was given by a server of an earlier version only. */
    ImageTagRevisionsResponse history(Caller caller, ImageTagRevisionsRequest request) {
        var place = place(caller.tenant(), request.getTag(), request.getEnvironmentName());
        int most = most(request.getMaxObjects());
        long before = request.getPageToken().isEmpty() ? Long.MAX_VALUE : EntryId.parseLong(request.getPageToken());
        var page = names.history(place.environment, place.name, before, most);
        if (page.isEmpty() && names.find(place.environment, place.name).isEmpty()) {
            throw place.unknown();
        }
        var response =
                ImageTagRevisionsResponse.newBuilder().setTag(place.name).setEnvironmentName(place.environment.name());
        for (var revision : page) {
            response.addItems(ImageTagRevisionsItem.newBuilder()
                    .setImageId(revision.imageId())
                    .setRevisionId(EntryId.of(revision.id()))
                    .setCreatedAt(revision.publishedAt().toEpochMilli() / 1e3)
                    .setPublishedBy(caller.tenant().workspaceName()));
        }
        if (page.size() == most) {
            response.setNextPageToken(EntryId.of(page.getLast().id()));
        }
        return response.build();
    }

    /** @param asked read as signed: what is too large for that is as good as none */
    private static int most(int asked) {
        return asked <= 0 ? PAGE : Math.min(PAGE, asked);
    }

    private Empty delete(Caller caller, ImageNameDeleteRequest request) {
        var place = place(caller.tenant(), request.getTag(), "");
        if (!names.take(place.environment, place.name)) {
            throw place.unknown();
        }
        return Empty.getDefaultInstance();
    }

    private static ImageListTagsItem item(ImageNames.Named named) {
        return ImageListTagsItem.newBuilder()
                .setTag(named.name())
                .setImageId(named.imageId())
                .setCreatedAt(named.createdAt().toEpochMilli() / 1e3)
                .setUpdatedAt(named.publishedAt().toEpochMilli() / 1e3)
                .build();
    }

    private Place place(Tenant tenant, String tag, String environment) {
        int slash = tag.lastIndexOf('/');
        return new Place(
                workspaces.environment(tenant, slash < 0 ? environment : tag.substring(0, slash)),
                tag.substring(slash + 1));
    }

    private record Place(Environment environment, String name) {
        RuntimeException unknown() {
            return Problem.IMAGE_NOT_FOUND.because(
                    "No image has the name '%s' in environment '%s': Image.publish gives it", name, environment.name());
        }
    }
}
