// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.function;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.BiFunction;
import org.jdbi.v3.core.Jdbi;

/** Autoscaler settings that were changed while a function runs. They last until it is deployed again. */
@ApplicationScoped
public class Adjustments {
    private final Jdbi jdbi;

    @Inject
    public Adjustments(Jdbi jdbi) {
        this.jdbi = jdbi;
    }

    public Adjustments() {
        this(null); // for the server's proxy
    }

    /** @return what holds instead of the definition's own settings; empty if nobody has changed them since its deployment */
    @Transactional(Transactional.TxType.SUPPORTS) // one statement, asked at each look
    public Optional<AutoscalerSettings> of(String functionId, String definitionId) {
        return jdbi.withHandle(handle -> handle.createQuery(
                        "select * from adjustment where function_id = :function and definition_id = :definition")
                .bind("function", functionId)
                .bind("definition", definitionId)
                .map((row, context) -> new AutoscalerSettings(
                        row.getInt("min_containers"),
                        row.getInt("max_containers"),
                        row.getInt("buffer_containers"),
                        Duration.ofMillis(row.getLong("scaledown_window_ms"))))
                .findOne());
    }

    /**
     * Two who change them at one moment take turns, and a deployment waits.
     *
     * @param change of what holds now, by the definition that it holds for
     * @return what holds now
     */
    @Transactional
    public AutoscalerSettings change(
            Function function,
            BiFunction<Optional<AutoscalerSettings>, String, AutoscalerSettings> change,
            Instant now) {
        var definition = jdbi.withHandle(handle -> handle.createQuery(
                        "select definition_id from function where id = :function for no key update")
                .bind("function", function.id())
                .mapTo(String.class)
                .one());
        var after = change.apply(of(function.id(), definition), definition);
        set(function.id(), definition, after, now);
        return after;
    }

    private void set(String functionId, String definitionId, AutoscalerSettings settings, Instant now) {
        jdbi.useHandle(handle -> handle.createUpdate("""
                        insert into adjustment (function_id, definition_id, min_containers, max_containers, buffer_containers,
                            scaledown_window_ms, adjusted_at)
                        values (:function, :definition, :min, :max, :buffer, :window, :now)
                        on conflict (function_id) do update set definition_id = excluded.definition_id,
                            min_containers = excluded.min_containers, max_containers = excluded.max_containers,
                            buffer_containers = excluded.buffer_containers,
                            scaledown_window_ms = excluded.scaledown_window_ms, adjusted_at = excluded.adjusted_at""")
                .bind("function", functionId)
                .bind("definition", definitionId)
                .bind("min", settings.minContainers())
                .bind("max", settings.maxContainers())
                .bind("buffer", settings.bufferContainers())
                .bind("window", settings.scaledownWindow().toMillis())
                .bind("now", Timestamp.from(now))
                .execute());
    }
}
