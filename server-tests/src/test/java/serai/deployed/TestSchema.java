// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.deployed;

import java.sql.DriverManager;
import java.sql.SQLException;

/** Tables of our own beside those of a platform that uses the same database. */
record TestSchema(String url, String user, String password) {
    private static final String NAME = "server_tests";

    /** Empty: the server makes its tables itself. */
    static TestSchema recreated() {
        var database = new TestSchema(setting("SERAI_DB_URL"), setting("SERAI_DB_USER"), setting("SERAI_DB_PASSWORD"));
        try (var connection = DriverManager.getConnection(database.url, database.user, database.password);
                var statement = connection.createStatement()) {
            statement.execute("drop schema if exists %s cascade".formatted(NAME));
            statement.execute("create schema %s".formatted(NAME));
        } catch (SQLException e) {
            throw new IllegalStateException("no schema for the tests at " + database.url, e);
        }
        var separator = database.url.contains("?") ? "&" : "?";
        return new TestSchema(database.url + separator + "currentSchema=" + NAME, database.user, database.password);
    }

    private static String setting(String name) {
        var value = System.getenv(name);
        if (value == null) {
            throw new IllegalStateException(name + " is not set: these tests need the database of the server");
        }
        return value;
    }
}
