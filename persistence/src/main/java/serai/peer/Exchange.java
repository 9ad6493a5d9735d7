// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.peer;

import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.postgresql.PGConnection;
import serai.signal.Signals;
import serai.signal.Topic;

/**
 * Carries signals to the other servers by PostgreSQL's {@code NOTIFY}, and theirs to us over one connection that does nothing else.
 * Signals of the same topic that wait to be sent go as one. They are hints: what cannot be sent is dropped, and after a connection
 * was lost everybody is woken, as nobody knows what was said meanwhile.
 */
public final class Exchange implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Exchange.class.getName());
    private static final String CHANNEL = "serai";
    private static final Pattern NOTICE = Pattern.compile("(\\S+) ([A-Z]+) (\\d+) (\\S+)");

    /** After that much silence we look whether the connection still is one. */
    private static final Duration SILENCE = Duration.ofSeconds(10);

    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LAST_PAUSE = Duration.ofSeconds(2);

    private final DataSource dedicated;
    private final Jdbi jdbi;
    private final Signals signals;
    private final String self;
    private final BooleanSupplier others;

    private final Map<Topic, Integer> outgoing = new LinkedHashMap<>();
    private final Semaphore any = new Semaphore(0);
    private volatile boolean open = true;
    private volatile Connection listening;

    /**
     * @param dedicated gives the connection to listen on
     * @param self the server's id, to know its own words by
     * @param others whether there is anybody to tell
     */
    public Exchange(DataSource dedicated, Jdbi jdbi, Signals signals, String self, BooleanSupplier others) {
        this.dedicated = dedicated;
        this.jdbi = jdbi;
        this.signals = signals;
        this.self = self;
        this.others = others;
    }

    /** @param threads gives one for each of two tasks, which end with {@link #close} */
    public void start(Executor threads) {
        signals.onElsewhere(this::tell);
        threads.execute(this::listen);
        threads.execute(this::send);
    }

    private void tell(Topic topic, int count) {
        if (!open || !others.getAsBoolean()) {
            return;
        }
        synchronized (outgoing) {
            outgoing.merge(topic, count, Signals::sum);
        }
        any.release();
    }

    private void send() {
        boolean told = false;
        while (open) {
            any.acquireUninterruptibly();
            any.drainPermits();
            try {
                notify(taken());
                told = false;
            } catch (JdbiException e) {
                if (!told && open) {
                    LOG.log(WARNING, "signals do not reach the other servers: {0}", e.getMessage());
                }
                told = true;
            }
        }
    }

    private List<String> taken() {
        synchronized (outgoing) {
            var notices = outgoing.entrySet().stream()
                    .map(e -> "%s %s %d %s"
                            .formatted(
                                    self,
                                    e.getKey().kind(),
                                    e.getValue(),
                                    e.getKey().id()))
                    .toList();
            outgoing.clear();
            return notices;
        }
    }

    private void notify(List<String> notices) {
        if (!notices.isEmpty()) {
            jdbi.useHandle(
                    handle -> handle.createQuery("select pg_notify(:channel, notice) from unnest(:notices) notice")
                            .bind("channel", CHANNEL)
                            .bindArray("notices", String.class, notices)
                            .mapTo(String.class)
                            .list());
        }
    }

    private void listen() {
        var pause = FIRST_PAUSE;
        boolean lost = false;
        while (open) {
            try (var connection = dedicated.getConnection()) {
                listening = connection;
                try (var statement = connection.createStatement()) {
                    statement.execute("listen " + CHANNEL);
                }
                if (lost) {
                    LOG.log(INFO, "other servers are heard again");
                    signals.wakeAll();
                }
                lost = false;
                pause = FIRST_PAUSE;
                hear(connection);
            } catch (SQLException e) {
                if (open && !lost) {
                    LOG.log(WARNING, "other servers are not heard: {0}", e.getMessage());
                }
                lost = true;
                pause = rest(pause);
            }
        }
    }

    private void hear(Connection connection) throws SQLException {
        var postgres = connection.unwrap(PGConnection.class);
        while (open) {
            var notices = postgres.getNotifications((int) SILENCE.toMillis());
            for (var notice : notices) {
                heard(notice.getParameter());
            }
            if (notices.length == 0 && !connection.isValid((int) SILENCE.toSeconds())) {
                throw new SQLException("the connection does not answer");
            }
        }
    }

    /** What another version says in other words is not for us. */
    private void heard(String notice) {
        var words = NOTICE.matcher(notice);
        if (words.matches() && !words.group(1).equals(self)) {
            Topic.Kind.of(words.group(2))
                    .ifPresent(
                            kind -> signals.heard(new Topic(kind, words.group(4)), Integer.parseInt(words.group(3))));
        }
    }

    private Duration rest(Duration pause) {
        try {
            Thread.sleep(pause);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            open = false; // the server goes down
        }
        var longer = pause.multipliedBy(2);
        return longer.compareTo(LAST_PAUSE) < 0 ? longer : LAST_PAUSE;
    }

    @Override
    public void close() {
        open = false;
        signals.onElsewhere((topic, count) -> {});
        any.release();
        var connection = listening;
        if (connection != null) {
            try {
                connection.abort(Runnable::run); // a close would wait for whoever listens on it
            } catch (SQLException e) {
                LOG.log(WARNING, "the connection of the signals is not closed: {0}", e.getMessage());
            }
        }
    }
}
