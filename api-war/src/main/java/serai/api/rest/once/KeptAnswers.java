// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.once;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.util.function.Supplier;
import serai.replay.Replays;
import serai.workspace.Tenant;

/** One transaction around a request and the memory of it. */
@ApplicationScoped
public class KeptAnswers {
    private final Replays replays;

    @Inject
    public KeptAnswers(Replays replays) {
        this.replays = replays;
    }

    public KeptAnswers() {
        this(null); // for the server's proxy
    }

    @Transactional
    String made(Tenant tenant, IdempotencyKey key, Supplier<String> work) {
        if (key.key().isEmpty()) {
            return work.get();
        }
        var row = new Replays.Key(
                tenant.workspaceId(), "POST " + key.path(), key.key().get());
        var before = replays.find(row);
        if (before.isPresent()) {
            return key.madeBefore(before.get());
        }
        var made = work.get();
        replays.keep(row, key.kept(made));
        return made;
    }
}
