// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.server;

import jakarta.annotation.sql.DataSourceDefinition;
import jakarta.ejb.ConcurrencyManagement;
import jakarta.ejb.ConcurrencyManagementType;
import jakarta.ejb.Singleton;
import jakarta.enterprise.concurrent.ManagedExecutorDefinition;

/**
 * The data source and the executor of the whole application. They are declared on an enterprise bean because the server
 * looks for such declarations in modules and not in libraries. The settings are read when the application is deployed.
 */
@Singleton
@ConcurrencyManagement(ConcurrencyManagementType.BEAN)
@DataSourceDefinition(
        name = "java:app/jdbc/serai",
        className =
                "org.postgresql.ds.PGSimpleDataSource", // one resource in every transaction, pooled by the server: no
        // XA
        url = "${MPCONFIG=serai.db.url}",
        user = "${MPCONFIG=serai.db.user}",
        password = "${MPCONFIG=serai.db.password}",
        minPoolSize = 2,
        maxPoolSize = 32,
        properties = {
            // one that stands still, or is behind a cut, breaks no connection: who waits for it is told after this time
            "socketTimeout=" + ServerResources.ANSWER_SECONDS,
            "tcpKeepAlive=true",
            // after the database was away its old connections are thrown away, and not handed out one after the other
            "fish.payara.is-connection-validation-required=true",
            "fish.payara.connection-validation-method=custom-validation",
            "fish.payara.validation-classname=org.glassfish.api.jdbc.validation.JDBC40ConnectionValidation",
            "fish.payara.validate-atmost-once-period-in-seconds=1",
            "fish.payara.fail-all-connections=true",
            "fish.payara.max-wait-time-in-millis=10000"
        })
@ManagedExecutorDefinition(name = ServerResources.VIRTUAL, virtual = true)
public class ServerResources {
    /** The longest that a statement may take; the slowest of ours, on a large installation, takes a second. */
    static final String ANSWER_SECONDS = "30";

    /** JNDI name of the executor: a virtual thread for each piece of work, which may block as long as it likes. */
    public static final String VIRTUAL = "java:app/concurrent/virtual";
}
