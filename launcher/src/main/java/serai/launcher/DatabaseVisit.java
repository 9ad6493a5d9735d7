// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;

/**
 * What an external database is like, asked with the server's own login, so that what the server would stumble over is said
 * before anything is started.
 *
 * @param release PostgreSQL's major version
 * @param mayCreate whether the role may create tables in the schema public
 * @param schema the version of our tables; 0: there are none
 */
record DatabaseVisit(String address, String user, String version, int release, boolean mayCreate, int schema) {
    private static final int OLDEST = 15; // what the tests run against; older ones are not tried
    private static final Duration PATIENCE = Duration.ofSeconds(10); // it may just be starting
    private static final String STARTING = "57P03";
    private static final String UNREACHABLE = "08001";

    /** @throws Failure if it does not let us in */
    static DatabaseVisit of(Database database) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            try (var connection = connect(database)) {
                return ask(database, connection);
            } catch (SQLException e) {
                boolean mayPass = STARTING.equals(e.getSQLState()) || UNREACHABLE.equals(e.getSQLState());
                if (!mayPass || System.nanoTime() > deadline) {
                    throw Failure.because(
                            "%s",
                            refusal(
                                    database.address(),
                                    database.user(),
                                    database.name(),
                                    e.getSQLState(),
                                    e.getMessage()));
                }
                Pause.millis(200);
            }
        }
    }

    private static Connection connect(Database database) throws SQLException {
        var properties = new Properties();
        properties.setProperty("user", database.user());
        properties.setProperty("password", database.password());
        properties.setProperty("connectTimeout", "5");
        properties.setProperty("loginTimeout", "5");
        properties.setProperty("socketTimeout", "10");
        return DriverManager.getConnection(database.url(), properties);
    }

    private static DatabaseVisit ask(Database database, Connection connection) throws SQLException {
        try (var statement = connection.createStatement()) {
            boolean has;
            int release;
            String version;
            boolean mayCreate;
            try (var row = statement.executeQuery("""
                    select current_setting('server_version_num')::int / 10000, split_part(current_setting('server_version'), ' ', 1),
                        coalesce(has_schema_privilege(to_regnamespace('public')::oid, 'create'), false),
                        to_regclass('public.flyway_schema_history') is not null""")) {
                row.next();
                release = row.getInt(1);
                version = row.getString(2);
                mayCreate = row.getBoolean(3);
                has = row.getBoolean(4);
            }
            return new DatabaseVisit(
                    database.address(), database.user(), version, release, mayCreate, has ? schema(connection) : 0);
        }
    }

    private static int schema(Connection connection) throws SQLException {
        try (var statement = connection.createStatement();
                var row = statement.executeQuery(
                        "select coalesce(max(version::int), 0) from public.flyway_schema_history where success and version ~ '^[0-9]+$'")) {
            row.next();
            return row.getInt(1);
        }
    }

    /** @param state PostgreSQL's code of the error */
    static String refusal(String address, String user, String name, String state, String message) {
        return switch (state == null ? "" : state) {
            case "28P01", "28000" ->
                "PostgreSQL at %s does not let in user %s: correct user and password in SERAI_DATABASE_URL, or allow the login in its pg_hba.conf"
                        .formatted(address, user);
            case "3D000" ->
                "PostgreSQL at %s has no database %s (SERAI_DATABASE_URL): create database %s owner %s"
                        .formatted(address, name, name, user);
            case "08001", "08004", "08006" ->
                "No PostgreSQL answers at %s (SERAI_DATABASE_URL): is it running, and reachable from here? (%s)"
                        .formatted(address, message);
            default -> "PostgreSQL at %s (SERAI_DATABASE_URL): %s".formatted(address, message);
        };
    }

    /**
     * @param newest the version of the schema that the server brings
     * @throws Failure if the server could not work with it
     */
    void check(int newest) {
        if (release < OLDEST) {
            throw Failure.because(
                    "PostgreSQL at %s has version %s: Serai needs %d or newer (SERAI_DATABASE_URL)",
                    address, version, OLDEST);
        }
        if (schema > newest) {
            throw Failure.because(
                    "The database at %s has schema version %d, which is newer than this Serai (%d). Install the newer Serai, or restore a backup.",
                    address, schema, newest);
        }
        if (!mayCreate) {
            throw Failure.because(
                    "In the database at %s user %s may not create tables: grant create on schema public to \"%s\" (SERAI_DATABASE_URL)",
                    address, user, user);
        }
    }
}
