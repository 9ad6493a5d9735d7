// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.web;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;

/** Which rules a function has of its own. They stay when it is deployed anew. */
@ApplicationScoped
public class WebRulesOfFunctions {
    private final Jdbi jdbi;

    @Inject
    public WebRulesOfFunctions(Jdbi jdbi) {
        this.jdbi = jdbi;
    }

    public WebRulesOfFunctions() {
        this(null); // for the server's proxy
    }

    public WebRules of(String functionId) {
        return jdbi.withHandle(handle -> handle.createQuery("select r.* from web_rules r where function_id = :function")
                .bind("function", functionId)
                .map((row, context) -> read(row))
                .findOne()
                .orElse(WebRules.NONE));
    }

    @Transactional
    public void put(String functionId, WebRules rules) {
        jdbi.useHandle(handle -> {
            handle.createQuery("select 1 from function where id = :function for no key update") // two take turns
                    .bind("function", functionId)
                    .mapTo(Integer.class)
                    .findOne();
            handle.createUpdate("delete from web_rules where function_id = :function")
                    .bind("function", functionId)
                    .execute();
            if (rules.equals(WebRules.NONE)) {
                return;
            }
            handle.createUpdate("""
                            insert into web_rules values (:function, :rate, :ratePer, :callerRate, :callerRatePer, :concurrency,
                                :callerConcurrency, :allowed, :maxWaiting, :maxWaitingBytes, :maxWait, :maxBody, :redirectAfter,
                                :clientPatience)""")
                    .bind("function", functionId)
                    .bind("rate", rules.rate().map(Rate::requests).orElse(null))
                    .bind(
                            "ratePer",
                            rules.rate().map(Rate::per).map(Duration::toMillis).orElse(null))
                    .bind("callerRate", rules.callerRate().map(Rate::requests).orElse(null))
                    .bind(
                            "callerRatePer",
                            rules.callerRate()
                                    .map(Rate::per)
                                    .map(Duration::toMillis)
                                    .orElse(null))
                    .bind("concurrency", rules.concurrency().orElse(null))
                    .bind("callerConcurrency", rules.callerConcurrency().orElse(null))
                    .bindByType(
                            "allowed",
                            rules.allowed()
                                    .map(ranges -> ranges.texts().toArray(String[]::new))
                                    .orElse(null),
                            String[].class)
                    .bind("maxWaiting", rules.maxWaiting().orElse(null))
                    .bind("maxWaitingBytes", rules.maxWaitingBytes().orElse(null))
                    .bind("maxWait", rules.maxWait().map(Duration::toMillis).orElse(null))
                    .bind("maxBody", rules.maxBody().orElse(null))
                    .bind(
                            "redirectAfter",
                            rules.redirectAfter().map(Duration::toMillis).orElse(null))
                    .bind(
                            "clientPatience",
                            rules.clientPatience().map(Duration::toMillis).orElse(null))
                    .execute();
        });
    }

    /** @param row with the table's columns; all of them null where there is none */
    static WebRules read(ResultSet row) throws SQLException {
        return new WebRules(
                rate(row, "rate_requests", "rate_per_ms"),
                rate(row, "caller_rate_requests", "caller_rate_per_ms"),
                number(row, "concurrency").map(Long::intValue),
                number(row, "caller_concurrency").map(Long::intValue),
                networks(row),
                number(row, "max_waiting").map(Long::intValue),
                number(row, "max_waiting_bytes"),
                number(row, "max_wait_ms").map(Duration::ofMillis),
                number(row, "max_body"),
                number(row, "redirect_after_ms").map(Duration::ofMillis),
                number(row, "client_patience_ms").map(Duration::ofMillis));
    }

    private static Optional<Rate> rate(ResultSet row, String requests, String per) throws SQLException {
        var length = number(row, per);
        return number(row, requests).map(count -> new Rate(count.intValue(), Duration.ofMillis(length.orElseThrow())));
    }

    private static Optional<Networks> networks(ResultSet row) throws SQLException {
        var array = row.getArray("allowed");
        return array == null
                ? Optional.empty()
                : Optional.of(Networks.of(List.copyOf(Arrays.asList((String[]) array.getArray()))));
    }

    private static Optional<Long> number(ResultSet row, String column) throws SQLException {
        long value = row.getLong(column);
        return row.wasNull() ? Optional.empty() : Optional.of(value);
    }
}
