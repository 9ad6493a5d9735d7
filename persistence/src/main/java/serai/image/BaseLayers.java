// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;

/** What base systems are, for all nodes that share a registry: what the first one to make it says (ADR 0024). */
@ApplicationScoped
@Transactional
public class BaseLayers {
    private final Jdbi jdbi;

    @Inject
    public BaseLayers(Jdbi jdbi) {
        this.jdbi = jdbi;
    }

    public BaseLayers() {
        this(null); // for the server's proxy
    }

    /** @return its digest; empty if none of that name was made yet */
    public Optional<String> digest(String name) {
        return jdbi.withHandle(handle -> handle.createQuery("select digest from base_system where name = :name")
                .bind("name", name)
                .mapTo(String.class)
                .findOne());
    }

    /**
     * A node has made one, and the registry has it.
     *
     * @return the digest that counts, another one if somebody else was first
     */
    public String record(BaseLayer layer, Instant now) {
        jdbi.useHandle(handle -> handle.createUpdate("""
                        insert into base_system (name, digest, recorded_at) values (:name, :digest, :now) on conflict do nothing""")
                .bind("name", layer.name())
                .bind("digest", layer.digest())
                .bind("now", Timestamp.from(now))
                .execute());
        return digest(layer.name()).orElseThrow();
    }
}
