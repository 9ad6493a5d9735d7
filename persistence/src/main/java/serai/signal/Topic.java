// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.signal;

import java.util.Optional;
import java.util.stream.Stream;

/** What somebody may wait for. */
public record Topic(Kind kind, String id) {
    /** Kinds of things that are waited for. */
    public enum Kind {
        WORK,
        CALL,
        FEED,
        ROOM,
        CONTAINER,
        APP,
        BUILD,
        POOL;

        /** @return empty for one of another version */
        public static Optional<Kind> of(String name) {
            return Stream.of(values()).filter(kind -> kind.name().equals(name)).findFirst();
        }
    }

    /** Inputs that a pool's containers may claim, or a reason to claim no more. */
    public static Topic work(String poolId) {
        return new Topic(Kind.WORK, poolId);
    }

    /** Results and stream chunks of a call. */
    public static Topic call(String callId) {
        return new Topic(Kind.CALL, callId);
    }

    /** What a caller streams to a running call. */
    public static Topic feed(String callId) {
        return new Topic(Kind.FEED, callId);
    }

    /** Room in the streams of an HTTP request: what was in them was read. */
    public static Topic room(String callId) {
        return new Topic(Kind.ROOM, callId);
    }

    /** Cancellations for a container. */
    public static Topic container(String containerId) {
        return new Topic(Kind.CONTAINER, containerId);
    }

    /** A look at a pool, by the server that scales it. Nobody waits for it: it is told to that server. */
    public static Topic pool(String poolId) {
        return new Topic(Kind.POOL, poolId);
    }

    /** Logs and the end of an app. */
    public static Topic app(String appId) {
        return new Topic(Kind.APP, appId);
    }

    /** What a build says, and its end. */
    public static Topic build(String buildId) {
        return new Topic(Kind.BUILD, buildId);
    }
}
