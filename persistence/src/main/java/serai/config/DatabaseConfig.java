// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.config;

import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import java.util.Optional;
import javax.sql.DataSource;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.postgresql.ds.PGSimpleDataSource;

/** The database, as the data source is told of it when the application is deployed. */
@Dependent
public class DatabaseConfig {
    private static final int CONNECT_SECONDS = 5;

    /** JDBC address. Required by the data source. */
    @Inject
    @ConfigProperty(name = "serai.db.url")
    Optional<String> url;

    /** Role that owns the tables. */
    @Inject
    @ConfigProperty(name = "serai.db.user")
    Optional<String> user;

    /** Its password. */
    @Inject
    @ConfigProperty(name = "serai.db.password")
    Optional<String> password;

    /** @return connections beside the pool, for what holds one for good */
    public DataSource dedicated() {
        var source = new PGSimpleDataSource();
        source.setURL(url.orElseThrow(() -> new IllegalStateException("serai.db.url is not set")));
        user.ifPresent(source::setUser);
        password.ifPresent(source::setPassword);
        source.setApplicationName("serai signals");
        source.setConnectTimeout(CONNECT_SECONDS);
        source.setTcpKeepAlive(true);
        return source;
    }
}
