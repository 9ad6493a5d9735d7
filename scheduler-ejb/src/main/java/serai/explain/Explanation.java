// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.explain;

/** Why a call is where it is: a word for programs and a sentence for people. */
public record Explanation(Cause cause, String sentence) {
    /** In the order in which they are looked at. */
    public enum Cause {
        OVER,
        RUNNING,
        APP_STOPPED,
        RETRY_DELAYED,
        NOTHING_ASKED,
        CONTAINERS_BUSY_AT_MAX,
        CONTAINERS_BUSY,
        ABOUT_TO_BE_TAKEN,
        CLUSTER_SILENT,
        CONTAINER_STARTING,
        NO_PLACE,
        STARTS_FAIL,
        CONTAINER_ASKED
    }
}
