// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

class MigrationTest {
    @Test
    void givenASchemaOfThisVersion_whenMigratedAgain_thenNothingChanges() {
        var source = anEmptyDatabase("again");
        Migration.migrate(source);

        Migration.migrate(source);

        int apps = Jdbi.create(source)
                .withHandle(h -> h.createQuery("select count(*) from app")
                        .mapTo(Integer.class)
                        .one());
        assertThat(apps).isZero();
    }

    @Test
    void givenASchemaThatANewerSeraiHasWritten_whenMigrated_thenItIsRefusedAndSaysWhatToDo() {
        var source = anEmptyDatabase("newer");
        Migration.migrate(source);
        Jdbi.create(source).useHandle(h -> h.execute("""
                        insert into flyway_schema_history (installed_rank, version, description, type, script, installed_by,
                            execution_time, success)
                        values (9999, '9999', 'from the future', 'SQL', 'V9999__from_the_future.sql', 'test', 0, true)"""));

        assertThat(catchThrowable(() -> Migration.migrate(source)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("9999")
                .hasMessageContaining("newer");
    }

    @Test
    void givenADataSourceWithLittlePatience_whenAMigrationHasToWait_thenItIsNotCutOff() throws Exception {
        var source = anEmptyDatabase("unhurried");
        source.setSocketTimeout(1);
        try (var other = source.getConnection()) {
            other.setAutoCommit(false);
            other.createStatement()
                    .execute("create table app (id int)"); // whoever makes it, too, waits for the end of this
            var ending = Thread.ofVirtual().start(() -> {
                try {
                    Thread.sleep(3_000);
                    other.rollback();
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
            Migration.migrate(source);
            ending.join();
        }
    }

    private static PGSimpleDataSource anEmptyDatabase(String name) {
        Jdbi.create(TestDatabase.source()).useHandle(h -> h.execute("create database " + name));
        var source = new PGSimpleDataSource();
        source.setUrl(((PGSimpleDataSource) TestDatabase.source()).getUrl());
        source.setUser("postgres");
        source.setDatabaseName(name);
        return source;
    }
}
