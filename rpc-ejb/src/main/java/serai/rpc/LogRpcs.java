// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import com.google.protobuf.Timestamp;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import modal.client.AppCountLogsRequest;
import modal.client.AppCountLogsResponse;
import modal.client.AppFetchLogsRequest;
import modal.client.AppFetchLogsResponse;
import modal.client.AppGetLogsRequest;
import modal.client.FileDescriptor;
import modal.client.ModalClientGrpc;
import modal.client.TaskLogs;
import modal.client.TaskLogsBatch;
import serai.app.App;
import serai.app.Apps;
import serai.call.Calls;
import serai.container.Container;
import serai.container.Containers;
import serai.function.Functions;
import serai.image.Images;
import serai.log.BuildLogs;
import serai.log.Chunks;
import serai.log.LogChunk;
import serai.log.Logs;
import serai.pool.PoolId;
import serai.problem.Problem;
import serai.signal.Signals;
import serai.signal.Topic;

/** Logs: as they come, until the app or the container is over, and as they were. */
@ApplicationScoped
class LogRpcs implements RpcFeature {
    private static final int BATCH = 256;
    private static final double NANOS = 1e9;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    /** The client's own limits. */
    private static final int MOST_LINES = 20_000;

    private static final Duration LONGEST = Duration.ofDays(36);
    private static final int MOST_BUCKETS = 100_000;
    private static final int MAX_TEXT = 1_000;

    private final Apps apps;
    private final Functions functions;
    private final Containers containers;
    private final Calls calls;
    private final Images images;
    private final Logs logs;
    private final BuildLogs buildLogs;
    private final LongPoll poll;
    private final InstantSource clock = InstantSource.system();

    @Inject
    LogRpcs(
            Apps apps,
            Functions functions,
            Containers containers,
            Calls calls,
            Images images,
            Logs logs,
            BuildLogs buildLogs,
            Signals signals) {
        this.apps = apps;
        this.functions = functions;
        this.containers = containers;
        this.calls = calls;
        this.images = images;
        this.logs = logs;
        this.buildLogs = buildLogs;
        this.poll = new LongPoll(signals);
    }

    LogRpcs() {
        this(null, null, null, null, null, null, null, null); // for the server's proxy
    }

    @Override
    public void register(Methods methods) {
        methods.streaming(ModalClientGrpc.getAppGetLogsMethod(), this::follow)
                .unary(ModalClientGrpc.getAppFetchLogsMethod(), this::fetch)
                .unary(ModalClientGrpc.getAppCountLogsMethod(), this::count);
    }

    private void follow(Caller caller, AppGetLogsRequest request, Methods.Sink<TaskLogsBatch> sink)
            throws InterruptedException {
        var filter = filter(
                request.getFunctionId(),
                request.getParametrizedFunctionId(),
                request.getTaskId(),
                request.getFunctionCallId(),
                request.getInputId(),
                request.getFileDescriptorValue(),
                request.getSearchText(),
                request.getSandboxId());
        var app = appOf(caller, request.getAppId(), filter);
        var isOver = end(app, filter);
        long last = EntryId.parseLong(request.getLastEntryId());
        long end = System.nanoTime() + CallRpcs.timeout(request.getTimeout()).toNanos();
        while (true) {
            long after = last;
            var seen = poll.until(
                    Topic.app(app),
                    Duration.ofNanos(Math.max(0, end - System.nanoTime())),
                    // the end is read first: the last logs are committed before it
                    () -> new Seen(isOver.getAsBoolean(), logs.after(app, after, filter, BATCH)),
                    s -> s.over || !s.chunks.isEmpty());
            for (var chunk : seen.chunks) {
                for (var found : filter.of(chunk)) {
                    sink.send(batch(found));
                }
                last = chunk.ordinal();
            }
            if (seen.chunks.isEmpty()) {
                if (seen.over) {
                    sink.send(TaskLogsBatch.newBuilder().setAppDone(true).build());
                }
                return; // over, or held long enough: the client comes back with its last entry id
            }
        }
    }

    /** Who follows one container waits for its end, and who follows more for the app's. */
    private BooleanSupplier end(String app, Logs.Filter filter) {
        if (!filter.containerId().isEmpty()) {
            return () -> containers
                    .find(filter.containerId())
                    .map(c -> c.state() == Container.State.ENDED)
                    .orElse(true);
        }
        return () -> apps.find(app).map(a -> a.state() == App.State.STOPPED).orElse(true);
    }

    private record Seen(boolean over, List<LogChunk> chunks) {}

    private AppFetchLogsResponse fetch(Caller caller, AppFetchLogsRequest request) {
        var filter = filter(
                request.getFunctionId(),
                request.getParametrizedFunctionId(),
                request.getTaskId(),
                request.getFunctionCallId(),
                "",
                request.getSourceValue(),
                request.getSearchText(),
                request.getSandboxId());
        var written = written(caller, request.getAppId(), filter);
        var time = Time.of(request.hasSince(), request.getSince(), request.hasUntil(), request.getUntil(), now());
        long asked = Integer.toUnsignedLong(request.getLimit());
        int limit = asked == 0 ? MOST_LINES : (int) Math.min(asked, MOST_LINES);
        var response = AppFetchLogsResponse.newBuilder();
        written.chunks.lines(time.from, time.until, limit).forEach(line -> response.addBatches(batch(line)));
        return response.build();
    }

    private AppCountLogsResponse count(Caller caller, AppCountLogsRequest request) {
        var filter = filter(
                request.getFunctionId(),
                request.getParametrizedFunctionId(),
                request.getTaskId(),
                request.getFunctionCallId(),
                "",
                request.getSourceValue(),
                request.getSearchText(),
                request.getSandboxId());
        var written = written(caller, request.getAppId(), filter);
        var time = Time.of(request.hasSince(), request.getSince(), request.hasUntil(), request.getUntil(), now());
        var bucket = bucket(request.getBucketSecs(), time);
        var buckets = new TreeMap<Instant, AppCountLogsResponse.LogBucket.Builder>();
        for (var counted : written.chunks.count(time.from, time.until, bucket)) {
            var into = buckets.computeIfAbsent(
                    counted.start(),
                    start -> AppCountLogsResponse.LogBucket.newBuilder()
                            .setBucketStartAt(Timestamp.newBuilder().setSeconds(start.getEpochSecond())));
            switch (counted.stream()) {
                case FileDescriptor.FILE_DESCRIPTOR_STDOUT_VALUE -> into.setStdoutLogs(counted.lines());
                case FileDescriptor.FILE_DESCRIPTOR_STDERR_VALUE -> into.setStderrLogs(counted.lines());
                default -> into.setSystemLogs(counted.lines());
            }
        }
        var response = AppCountLogsResponse.newBuilder().setAppId(written.place);
        buckets.values().forEach(response::addBuckets);
        return response.build();
    }

    private static Duration bucket(int asked, Time time) {
        long seconds = Integer.toUnsignedLong(asked);
        long span = Duration.between(time.from, time.until).toSeconds();
        if (seconds < 1 || span / seconds > MOST_BUCKETS) {
            throw Problem.INVALID_ARGUMENT.because(
                    "bucket_secs %d: from 1 is needed, and at most %d buckets in the time", seconds, MOST_BUCKETS);
        }
        return Duration.ofSeconds(seconds);
    }

    private Instant now() {
        return clock.instant();
    }

    private static Logs.Filter filter(
            String function,
            String variant,
            String container,
            String call,
            String input,
            int stream,
            String searched,
            String sandbox) {
        if (searched.length() > MAX_TEXT) {
            throw Problem.INVALID_ARGUMENT.because(
                    "search_text has %d characters, at most %d are allowed", searched.length(), MAX_TEXT);
        }
        if (!sandbox.isEmpty()) {
            throw Problem.SANDBOX_NOT_FOUND.because("Sandbox '%s' not found", sandbox);
        }
        return new Logs.Filter(function.isEmpty() ? variant : function, container, call, input, stream, searched);
    }

    /** @param named an app, or an image: then the task is one of its builds, as the steps of an image say it */
    private Written written(Caller caller, String named, Logs.Filter filter) {
        if (!named.startsWith(Images.PREFIX)) {
            var app = appOf(caller, named, filter);
            return new Written(app, logs.of(app, filter));
        }
        var image = images.get(caller.tenant(), named).id();
        return new Written(image, buildLogs.of(image, new PoolId(filter.containerId()), filter));
    }

    /** @param place the app's id, or the image's */
    private record Written(String place, Chunks chunks) {}

    /**
     * What is asked about has to be the caller's, all of it. Where no app is named, the container, call or function tells it.
     *
     * @return the app's id
     */
    private String appOf(Caller caller, String named, Logs.Filter filter) {
        var tenant = caller.tenant();
        var app = named.isEmpty() ? "" : apps.get(tenant, named).id();
        if (!filter.containerId().isEmpty()) {
            app = same(app, containers.get(tenant, filter.containerId()).appId());
        }
        if (!filter.callId().isEmpty()) {
            app = same(app, calls.get(tenant, filter.callId()).appId());
        }
        if (!filter.functionId().isEmpty()) {
            app = same(app, functions.get(tenant, filter.functionId()).appId());
        }
        if (app.isEmpty()) {
            throw Problem.INVALID_ARGUMENT.because(
                    "one of app_id, task_id, function_call_id and function_id is needed");
        }
        return app;
    }

    private static String same(String app, String of) {
        if (!app.isEmpty() && !app.equals(of)) {
            throw Problem.APP_NOT_FOUND.because("what is asked about belongs to app '%s', not to '%s'", of, app);
        }
        return of;
    }

    /** From then, until before then. */
    private record Time(Instant from, Instant until) {
        static Time of(boolean hasFrom, Timestamp from, boolean hasUntil, Timestamp until, Instant now) {
            var end = hasUntil ? instant("until", until) : now.plusSeconds(1);
            var time = new Time(hasFrom ? instant("since", from) : end.minus(LONGEST), end);
            if (Duration.between(time.from, time.until).compareTo(LONGEST) > 0) {
                throw Problem.INVALID_ARGUMENT.because(
                        "from %s to %s are more than %d days", time.from, time.until, LONGEST.toDays());
            }
            return time;
        }

        /** As the well-known type has it: a year from 1 to 9999, and nanoseconds below a second. */
        private static Instant instant(String field, Timestamp timestamp) {
            if (timestamp.getNanos() < 0
                    || timestamp.getNanos() >= NANOS_PER_SECOND
                    || timestamp.getSeconds() < -62_135_596_800L
                    || timestamp.getSeconds() > 253_402_300_799L) {
                throw Problem.INVALID_ARGUMENT.because(
                        "%s: %d s and %d ns are no time", field, timestamp.getSeconds(), timestamp.getNanos());
            }
            return Instant.ofEpochSecond(timestamp.getSeconds(), timestamp.getNanos());
        }
    }

    private static TaskLogsBatch batch(LogChunk chunk) {
        var item = TaskLogs.newBuilder()
                .setData(chunk.content())
                .setFileDescriptor(FileDescriptor.forNumber(chunk.stream()))
                .setTimestamp(chunk.at().getEpochSecond() + chunk.at().getNano() / NANOS)
                .setTimestampNs(chunk.at().getEpochSecond() * NANOS_PER_SECOND
                        + chunk.at().getNano());
        var batch = TaskLogsBatch.newBuilder()
                .setTaskId(chunk.containerId())
                .setFunctionId(chunk.functionId())
                .setEntryId(EntryId.of(chunk.ordinal()));
        if (chunk.inputId() != null) {
            item.setFunctionCallId(chunk.callId()).setInputId(chunk.inputId());
            batch.setInputId(chunk.inputId());
        }
        return batch.addItems(item).build();
    }
}
