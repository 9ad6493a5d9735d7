// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.database;

import jakarta.annotation.Resource;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import jakarta.persistence.EntityManager;
import jakarta.persistence.PersistenceContext;
import jakarta.transaction.Status;
import jakarta.transaction.TransactionSynchronizationRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.jdbi.v3.core.ConnectionFactory;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.transaction.CMTTransactionHandler;

/**
 * Hands out the two ways to the one data source: entities by JPA, the queue's statements by Jdbi. In a transaction both
 * use the entity manager's connection, so that they see and commit the same; the server's pool gives two otherwise.
 */
@ApplicationScoped
public class Database {
    @Produces
    @PersistenceContext(unitName = "serai")
    private EntityManager entities;

    @Produces
    @Resource(lookup = "java:app/jdbc/serai")
    private DataSource source;

    @Resource(lookup = "java:comp/TransactionSynchronizationRegistry")
    private TransactionSynchronizationRegistry transactions;

    @Produces
    @Singleton // not a normal scope: Jdbi has final methods, which a proxy could not carry
    Jdbi jdbi() {
        var jdbi = Jdbi.create(new SharedConnections());
        jdbi.setTransactionHandler(new CMTTransactionHandler()); // the server begins and ends them
        return configured(jdbi);
    }

    static Jdbi configured(Jdbi jdbi) {
        return jdbi.registerArrayType(String.class, "text").registerArrayType(long.class, "bigint");
    }

    private final class SharedConnections implements ConnectionFactory {
        @Override
        public Connection openConnection() throws SQLException {
            if (transactions.getTransactionStatus() == Status.STATUS_NO_TRANSACTION) {
                return source.getConnection();
            }
            return entities.unwrap(SharedSessionContractImplementor.class)
                    .getJdbcCoordinator()
                    .getLogicalConnection()
                    .getPhysicalConnection();
        }

        @Override
        public void closeConnection(Connection connection) throws SQLException {
            if (transactions.getTransactionStatus() == Status.STATUS_NO_TRANSACTION) {
                connection.close();
            } // else it ends with its transaction
        }
    }
}
