// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.database;

import java.sql.SQLException;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationState;
import org.flywaydb.core.api.callback.BaseCallback;
import org.flywaydb.core.api.callback.Context;
import org.flywaydb.core.api.callback.Event;
import org.hibernate.boot.ResourceStreamLocator;
import org.hibernate.boot.spi.AdditionalMappingContributions;
import org.hibernate.boot.spi.AdditionalMappingContributor;
import org.hibernate.boot.spi.InFlightMetadataCollector;
import org.hibernate.boot.spi.MetadataBuildingContext;
import org.hibernate.engine.jdbc.connections.spi.ConnectionProvider;

/**
 * Brings the schema to this program's version before Hibernate validates it. Forward only: a schema that a newer program
 * has written is refused.
 */
public class Migration implements AdditionalMappingContributor {
    @Override
    public void contribute(
            AdditionalMappingContributions contributions,
            InFlightMetadataCollector metadata,
            ResourceStreamLocator resources,
            MetadataBuildingContext context) {
        migrate(context.getBootstrapContext()
                .getServiceRegistry()
                .requireService(ConnectionProvider.class)
                .unwrap(DataSource.class));
    }

    /** @throws IllegalStateException if the schema is newer than this program */
    static void migrate(DataSource source) {
        var flyway = Flyway.configure(Migration.class.getClassLoader())
                .dataSource(source)
                .locations("classpath:db/migration")
                .callbacks(new Unhurried())
                .load();
        for (var migration : flyway.info().applied()) {
            if (migration.getState() == MigrationState.FUTURE_SUCCESS) {
                throw new IllegalStateException(
                        "The database has schema version %s, which is newer than this Serai. Install the newer Serai, or restore a backup."
                                .formatted(migration.getVersion()));
            }
        }
        flyway.migrate();
    }

    /** A migration takes as long as it takes: what the data source allows for an answer is meant for requests. */
    private static final class Unhurried extends BaseCallback {
        private int usual;

        @Override
        public boolean supports(Event event, Context context) {
            return switch (event) {
                case BEFORE_EACH_MIGRATE, AFTER_EACH_MIGRATE, AFTER_EACH_MIGRATE_ERROR -> true;
                default -> false;
            };
        }

        @Override
        public void handle(Event event, Context context) {
            var connection = context.getConnection();
            try {
                if (event == Event.BEFORE_EACH_MIGRATE) {
                    usual = connection.getNetworkTimeout();
                    connection.setNetworkTimeout(Runnable::run, 0);
                } else {
                    connection.setNetworkTimeout(Runnable::run, usual);
                }
            } catch (SQLException e) {
                throw new FlywayException("the time limit of the connection is not changed", e);
            }
        }
    }
}
