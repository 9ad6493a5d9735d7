// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.call;

/** A call and how far it is. */
public record CallProgress(FunctionCall call, State state) {
    /**
     * {@code RUNNING} from the first input that a container has taken. The last three are final: a call of many inputs is
     * {@code FAILED} when one of them failed, otherwise {@code CANCELLED} when one of them was.
     */
    public enum State {
        PENDING,
        RUNNING,
        SUCCEEDED,
        FAILED,
        CANCELLED;

        public boolean isFinal() {
            return this != PENDING && this != RUNNING;
        }
    }
}
