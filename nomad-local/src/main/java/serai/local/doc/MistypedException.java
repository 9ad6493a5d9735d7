// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.doc;

/** A document holds a value of the wrong kind; the message is what Go's decoder would say. */
public class MistypedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public MistypedException(String message) {
        super(message);
    }
}
