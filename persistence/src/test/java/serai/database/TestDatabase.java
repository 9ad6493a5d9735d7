// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.database;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.sql.DataSource;
import org.jdbi.v3.core.Jdbi;

/** One PostgreSQL for the tests of this module, with our migrations. */
public final class TestDatabase {
    private static final DataSource SOURCE = start();

    private TestDatabase() {}

    private static DataSource start() {
        try {
            var postgres = EmbeddedPostgres.start(); // ends with the JVM
            var source = postgres.getPostgresDatabase();
            Migration.migrate(source);
            return source;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static DataSource source() {
        return SOURCE;
    }

    /** Without a server's transactions: each statement is one of its own. */
    public static Jdbi jdbi() {
        return Database.configured(Jdbi.create(SOURCE));
    }
}
