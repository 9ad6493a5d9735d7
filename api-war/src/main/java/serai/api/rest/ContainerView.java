// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import java.net.URI;
import java.time.Instant;
import java.util.Optional;
import serai.container.Container;

/**
 * A container.
 *
 * @param allocation the cluster's name for where it runs
 * @param ordinal its place in its pool, from 0
 * @param readyAt when it first asked for work; null before
 * @param idleSince null while it works, before it is ready
 * @param page where people look at it in the cluster's own interface; null where that has none
 * @param exitCode null while it runs, or when it did not end by itself
 */
public record ContainerView(
        String id,
        String app,
        String function,
        String pool,
        Container.State state,
        String node,
        String allocation,
        int ordinal,
        Instant createdAt,
        Instant readyAt,
        Instant heartbeatAt,
        Instant idleSince,
        Instant endedAt,
        Integer exitCode,
        String reason,
        String page) {

    static ContainerView of(Container container, Optional<URI> page) {
        return new ContainerView(
                container.id(),
                container.appId(),
                container.functionId(),
                container.poolId().value(),
                container.state(),
                container.node(),
                container.allocationId(),
                container.ordinal(),
                container.createdAt(),
                container.readyAt(),
                container.heartbeatAt(),
                container.idleSince(),
                container.endedAt(),
                container.exitCode(),
                container.reason(),
                page.map(URI::toString).orElse(null));
    }
}
