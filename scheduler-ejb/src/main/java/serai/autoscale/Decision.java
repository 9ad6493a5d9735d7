// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import java.util.List;

/** What should become of a pool, and why, in words for people. */
public sealed interface Decision {
    String reason();

    /** @param to the total to ask for */
    record ScaleUp(int to, String reason) implements Decision {}

    /**
     * @param to the total to ask for
     * @param draining containers that have the places from {@code to} on, lowest ordinal first; they must claim no more
     *     before their places are withdrawn
     */
    record ScaleDown(int to, List<String> draining, String reason) implements Decision {}

    /** Another start would fail like those before: what waits fails too. */
    record GiveUp(String reason) implements Decision {}

    record Hold(String reason) implements Decision {}

    /** It would change, and must not now. The reason names no numbers that change from look to look. */
    record Stay(String reason) implements Decision {}

    /** Nothing is left that the pool has to finish. */
    record Remove(String reason) implements Decision {}
}
