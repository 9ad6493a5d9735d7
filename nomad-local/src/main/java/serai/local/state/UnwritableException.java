// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.state;

import java.io.IOException;
import java.io.UncheckedIOException;

/** A commit could not be written to the journal, mostly since the disk is full. Nothing of it has happened. */
public final class UnwritableException extends UncheckedIOException {
    private static final long serialVersionUID = 1;

    UnwritableException(IOException cause) {
        super("the agent's state cannot be written, nothing was changed: " + cause.getMessage(), cause);
    }
}
