// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.config;

import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
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
        var source = source();
        user.ifPresent(source::setUser);
        password.ifPresent(source::setPassword);
        source.setApplicationName("serai signals");
        source.setConnectTimeout(CONNECT_SECONDS);
        source.setTcpKeepAlive(true);
        return source;
    }

    /** @return its hosts, and ports in the same order */
    public List<InetSocketAddress> addresses() {
        var source = source();
        return IntStream.range(0, source.getServerNames().length)
                .mapToObj(
                        i -> InetSocketAddress.createUnresolved(source.getServerNames()[i], source.getPortNumbers()[i]))
                .toList();
    }

    private PGSimpleDataSource source() {
        var source = new PGSimpleDataSource();
        source.setURL(url.orElseThrow(() -> new IllegalStateException("serai.db.url is not set")));
        return source;
    }
}
