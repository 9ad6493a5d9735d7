// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Timestamp;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import modal.client.FileDescriptor;
import modal.client.FunctionGetOutputsItem;
import modal.client.GenericResult;
import modal.client.GenericResult.GenericStatus;
import modal.client.ImageBuildChainGetRequest;
import modal.client.ImageBuildChainGetResponse;
import modal.client.ImageBuildStep;
import modal.client.ImageFromIdRequest;
import modal.client.ImageFromIdResponse;
import modal.client.ImageGetOrCreateRequest;
import modal.client.ImageGetOrCreateResponse;
import modal.client.ImageJoinStreamingRequest;
import modal.client.ImageJoinStreamingResponse;
import modal.client.ImageMetadata;
import modal.client.ModalClientGrpc;
import modal.client.TaskLogs;
import serai.build.BuildFunctions;
import serai.build.Builders;
import serai.call.Calls;
import serai.call.Outcome;
import serai.definition.ImageLayers;
import serai.image.Builds;
import serai.image.Image;
import serai.image.Images;
import serai.image.Publications;
import serai.log.BuildLogs;
import serai.log.LogChunk;
import serai.problem.Problem;
import serai.signal.Signals;
import serai.signal.Topic;

/** Images, layer by layer, and what their builds say. */
@ApplicationScoped
class ImageRpcs implements RpcFeature {
    private static final int BATCH = 256;
    private static final double NANOS = 1e9;

    /** From the last word to the end of a step: clients ask for what was said before it. */
    private static final Duration AFTER = Duration.ofMillis(1);

    private final ImageLayers layers;
    private final Images images;
    private final Builds builds;
    private final BuildLogs logs;
    private final BuildFunctions functions;
    private final Publications publications;
    private final Builders builders;
    private final Calls calls;
    private final LongPoll poll;

    @Inject
    ImageRpcs(
            ImageLayers layers,
            Images images,
            Builds builds,
            BuildLogs logs,
            BuildFunctions functions,
            Publications publications,
            Builders builders,
            Calls calls,
            Signals signals) {
        this.layers = layers;
        this.images = images;
        this.builds = builds;
        this.logs = logs;
        this.functions = functions;
        this.publications = publications;
        this.builders = builders;
        this.calls = calls;
        this.poll = new LongPoll(signals);
    }

    ImageRpcs() {
        this(null, null, null, null, null, null, null, null, null); // for the server's proxy
    }

    @Override
    public void register(Methods methods) {
        methods.unary(ModalClientGrpc.getImageGetOrCreateMethod(), this::getOrCreate);
        methods.unary(ModalClientGrpc.getImageFromIdMethod(), this::fromId);
        methods.unary(ModalClientGrpc.getImageBuildChainGetMethod(), this::steps);
        methods.streaming(ModalClientGrpc.getImageJoinStreamingMethod(), this::join);
    }

    private ImageGetOrCreateResponse getOrCreate(Caller caller, ImageGetOrCreateRequest request) {
        var read = layers.getOrCreate(caller.tenant(), request.getImage(), request.getBuilderVersion());
        var response =
                ImageGetOrCreateResponse.newBuilder().setImageId(read.image().id());
        boolean forced = (request.getForceBuild() || request.getIgnoreCache())
                && read.image().needsBuild();
        if (forced || !read.contents().isReady()) {
            var function = Optional.of(request.getBuildFunctionId()).filter(id -> !id.isEmpty());
            var version = caller.clientVersion();
            var build = functions.open(caller.tenant(), read.image(), forced, function, version, Instant.now());
            builders.look(build.id());
            return response.build(); // without a result: the client joins the build
        }
        if (publish(caller, read.image())) {
            return response.build(); // likewise
        }
        return response.setResult(result(GenericStatus.GENERIC_STATUS_SUCCESS, ""))
                .setMetadata(metadata(read.image(), read.contents()))
                .build();
    }

    /** One that was built before: here is only its id, not what it would be built of. */
    private ImageFromIdResponse fromId(Caller caller, ImageFromIdRequest request) {
        var image = images.get(caller.tenant(), request.getImageId());
        var contents = publications.known(caller.tenant(), image.id(), Instant.now());
        return ImageFromIdResponse.newBuilder()
                .setImageId(image.id())
                .setMetadata(metadata(image, contents))
                .build();
    }

    /** What the client asks for logs with: a step's image as the app, and its build as the task. */
    private ImageBuildChainGetResponse steps(Caller caller, ImageBuildChainGetRequest request) {
        var image = images.get(caller.tenant(), request.getImageId());
        var response = ImageBuildChainGetResponse.newBuilder();
        for (var step : logs.steps(image.id())) {
            response.addBuildSteps(ImageBuildStep.newBuilder()
                    .setImageId(step.imageId())
                    .setBuilderAppId(step.imageId())
                    .setBuilderTaskId(step.build().value())
                    .setStartedAt(timestamp(step.from()))
                    .setFinishedAt(timestamp(step.until().plus(AFTER))));
        }
        return response.build();
    }

    private static Timestamp timestamp(Instant at) {
        return Timestamp.newBuilder()
                .setSeconds(at.getEpochSecond())
                .setNanos(at.getNano())
                .build();
    }

    /** Begins a build that only publishes the image, if that has to be done. @return whether it has */
    private boolean publish(Caller caller, Image image) {
        var version = caller.clientVersion();
        if (!publications.isDue(images.contents(image.id()), version)) {
            return false;
        }
        builders.look(builds.open(image, false, Optional.empty(), version, Instant.now())
                .id());
        return true;
    }

    /** Each look also says that somebody waits: a build that nobody waits for is ended. */
    private void join(Caller caller, ImageJoinStreamingRequest request, Methods.Sink<ImageJoinStreamingResponse> sink)
            throws InterruptedException {
        var image = images.get(caller.tenant(), request.getImageId());
        var build = builds.latest(image.id())
                .orElseThrow(() -> Problem.IMAGE_NOT_FOUND.because("Image '%s' was not built", image.id()));
        long last = EntryId.parseLong(request.getLastEntryId());
        long end = System.nanoTime() + CallRpcs.timeout(request.getTimeout()).toNanos();
        while (true) {
            long after = last;
            var seen = poll.until(
                    Topic.build(build.id().value()),
                    Duration.ofNanos(Math.max(0, end - System.nanoTime())),
                    () -> look(build, after),
                    s -> s.build.isOver() || !s.said.isEmpty());
            for (var piece : seen.said) {
                sink.send(said(piece));
                last = piece.ordinal();
            }
            if (seen.said.isEmpty()) {
                boolean goesOn = seen.build.state() == Builds.State.DONE && publish(caller, image);
                if (seen.build.isOver() && !goesOn) {
                    sink.send(over(image, seen.build));
                }
                return; // over, or held long enough: the client comes back with its last entry id
            }
        }
    }

    private Seen look(Builds.Build build, long after) {
        builds.waited(build.id(), Instant.now());
        // the end is read first: the last words are committed before it
        return new Seen(builds.find(build.id()).orElse(build), logs.after(build.id(), after, BATCH));
    }

    private record Seen(Builds.Build build, List<LogChunk> said) {}

    private static ImageJoinStreamingResponse said(LogChunk piece) {
        return ImageJoinStreamingResponse.newBuilder()
                .setEntryId(EntryId.of(piece.ordinal()))
                .addTaskLogs(TaskLogs.newBuilder()
                        .setData(piece.content())
                        .setFileDescriptor(FileDescriptor.forNumber(piece.stream()))
                        .setTimestamp(piece.at().getEpochSecond() + piece.at().getNano() / NANOS))
                .build();
    }

    private ImageJoinStreamingResponse over(Image image, Builds.Build build) {
        var response = ImageJoinStreamingResponse.newBuilder();
        return switch (build.state()) {
            case DONE ->
                response.setResult(result(GenericStatus.GENERIC_STATUS_SUCCESS, ""))
                        .setMetadata(metadata(image, images.contents(image.id())))
                        .build();
            case TIMED_OUT ->
                response.setResult(result(GenericStatus.GENERIC_STATUS_TIMEOUT, build.reason()))
                        .build();
            case CANCELLED ->
                response.setResult(result(GenericStatus.GENERIC_STATUS_TERMINATED, build.reason()))
                        .build();
            case FAILED, WAITING, RUNNING ->
                response.setResult(result(GenericStatus.GENERIC_STATUS_FAILURE, reason(build)))
                        .build();
        };
    }

    /** Of a function that raised, as Python prints it. */
    private String reason(Builds.Build build) {
        return build.callId().stream()
                .flatMap(call -> calls.outputsAfter(call, 0, 1).stream())
                .filter(output -> output.outcome() == Outcome.FAILURE && output.content() != null)
                .findFirst()
                .map(output -> parse(output.content()).getResult())
                .map(raised -> raised.getTraceback().isEmpty() ? raised.getException() : raised.getTraceback())
                .orElse(build.reason());
    }

    private static FunctionGetOutputsItem parse(byte[] output) {
        try {
            return FunctionGetOutputsItem.parseFrom(output);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("a stored output cannot be read", e);
        }
    }

    private static GenericResult.Builder result(GenericStatus status, String reason) {
        return GenericResult.newBuilder().setStatus(status).setException(reason);
    }

    private static ImageMetadata metadata(Image image, Images.Contents contents) {
        var metadata = ImageMetadata.newBuilder().setImageBuilderVersion(image.builderVersion());
        contents.pythonVersion().ifPresent(v -> metadata.setPythonVersionInfo("Python " + v));
        contents.workdir().ifPresent(metadata::setWorkdir);
        return metadata.build();
    }
}
