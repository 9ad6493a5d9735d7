// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.List;
import modal.client.AppGetLogsRequest;
import modal.client.FileDescriptor;
import modal.client.ModalClientGrpc;
import modal.client.TaskLogs;
import modal.client.TaskLogsBatch;
import serai.app.App;
import serai.app.Apps;
import serai.log.LogChunk;
import serai.log.Logs;
import serai.signal.Signals;
import serai.signal.Topic;

/** Logs as they come, until the app is over. */
@ApplicationScoped
class LogRpcs implements RpcFeature {
    private static final int BATCH = 256;
    private static final double NANOS = 1e9;

    private final Apps apps;
    private final Logs logs;
    private final LongPoll poll;

    @Inject
    LogRpcs(Apps apps, Logs logs, Signals signals) {
        this.apps = apps;
        this.logs = logs;
        this.poll = new LongPoll(signals);
    }

    LogRpcs() {
        this(null, null, null); // for the server's proxy
    }

    @Override
    public void register(Methods methods) {
        methods.streaming(ModalClientGrpc.getAppGetLogsMethod(), this::follow);
    }

    private void follow(Caller caller, AppGetLogsRequest request, Methods.Sink<TaskLogsBatch> sink)
            throws InterruptedException {
        var app = apps.get(caller.tenant(), request.getAppId());
        var filter = new Logs.Filter(
                request.getFunctionId(),
                request.getTaskId(),
                request.getFunctionCallId(),
                request.getInputId(),
                request.getFileDescriptorValue());
        long last = EntryId.parseLong(request.getLastEntryId());
        long end = System.nanoTime() + CallRpcs.timeout(request.getTimeout()).toNanos();
        while (true) {
            long after = last;
            var seen = poll.until(
                    Topic.app(app.id()),
                    Duration.ofNanos(Math.max(0, end - System.nanoTime())),
                    // the end is read first: the last logs are committed before it
                    () -> new Seen(isOver(app.id()), logs.after(app.id(), after, filter, BATCH)),
                    s -> s.over || !s.chunks.isEmpty());
            for (var chunk : seen.chunks) {
                sink.send(batch(chunk));
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

    private boolean isOver(String appId) {
        return apps.find(appId).map(a -> a.state() == App.State.STOPPED).orElse(true);
    }

    private record Seen(boolean over, List<LogChunk> chunks) {}

    private static TaskLogsBatch batch(LogChunk chunk) {
        var item = TaskLogs.newBuilder()
                .setData(chunk.content())
                .setFileDescriptor(FileDescriptor.forNumber(chunk.stream()))
                .setTimestamp(chunk.at().getEpochSecond() + chunk.at().getNano() / NANOS);
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
