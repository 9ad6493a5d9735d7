// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.util.Optional;

/**
 * What the environment says about a part that may be somebody else's.
 *
 * @param what for people
 * @param variable that names an external one
 * @param address the external one; empty if one of ours is meant
 */
record Wish(String what, String variable, Optional<String> address) {
    /**
     * A server keeps the database and the cluster that it was started with. A shell with other variables must not put a
     * second, empty one in their place.
     *
     * @param runs the part that the running server uses
     * @return what is wrong and what to do; empty if it is what is wished for
     */
    Optional<String> against(RunState.Part runs) {
        boolean isExternal = runs.kind().equals("external");
        if (isExternal && address.isEmpty()) {
            return Optional.of(
                    "Serai runs with the %s at %s, and %s is not set here. Set it as it was, or ./serai down first."
                            .formatted(what, runs.address(), variable));
        }
        if (address.isPresent() && !(isExternal && address.get().equals(runs.address()))) {
            return Optional.of("Serai runs with %s %s at %s, and %s asks for %s. ./serai down first."
                    .formatted(isExternal ? "the" : "its own", what, runs.address(), variable, address.get()));
        }
        return Optional.empty();
    }
}
