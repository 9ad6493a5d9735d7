// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.database;

import jakarta.annotation.Resource;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import jakarta.persistence.EntityManager;
import jakarta.persistence.PersistenceContext;
import javax.sql.DataSource;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.transaction.CMTTransactionHandler;

/** Hands out the two ways to the one data source: entities by JPA, the queue's statements by Jdbi. Both share a transaction. */
@ApplicationScoped
public class Database {
    @Produces
    @PersistenceContext(unitName = "serai")
    private EntityManager entities;

    @Resource(lookup = "java:app/jdbc/serai")
    private DataSource source;

    @Produces
    @Singleton // not a normal scope: Jdbi has final methods, which a proxy could not carry
    Jdbi jdbi() {
        var jdbi = Jdbi.create(source);
        jdbi.setTransactionHandler(new CMTTransactionHandler()); // the server begins and ends them
        return configured(jdbi);
    }

    static Jdbi configured(Jdbi jdbi) {
        return jdbi.registerArrayType(String.class, "text");
    }
}
