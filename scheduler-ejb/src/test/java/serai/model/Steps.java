// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.model;

import java.util.function.Supplier;

/** What stands around the statements of the model, as the server stands around those of the database. */
public interface Steps {
    /** Nothing happens between two statements. */
    Steps PLAIN = new Steps() {
        @Override
        public <T> T of(Supplier<T> statement) {
            return statement.get();
        }
    };

    /** One transaction, or a part of the one that is open. */
    <T> T of(Supplier<T> statement);

    default void run(Runnable statement) {
        of(() -> {
            statement.run();
            return null;
        });
    }
}
