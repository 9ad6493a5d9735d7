// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import java.time.Instant;
import modal.client.ListPagination;

/**
 * The page of a list, newest first, that a client asks for.
 *
 * @param before only what was made earlier
 * @param limit from 1 to 100: a shorter page is the last one
 */
record Pagination(Instant before, int limit) {
    private static final int MOST = 100;

    static Pagination of(ListPagination asked, Instant now) {
        int limit = asked.getMaxObjects() > 0 ? Math.min(asked.getMaxObjects(), MOST) : MOST;
        double before = asked.getCreatedBefore();
        // written so that what is no number counts as absent, too
        return new Pagination(
                before > 0 && before < now.getEpochSecond() ? instant(before) : now.plusSeconds(1), limit);
    }

    private static Instant instant(double seconds) {
        return Instant.ofEpochMilli(Math.round(seconds * 1000));
    }
}
