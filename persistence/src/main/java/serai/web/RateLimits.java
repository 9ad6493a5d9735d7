// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.web;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.bucket4j.Bandwidth;
import io.github.bucket4j.BucketConfiguration;
import io.github.bucket4j.ConsumptionProbe;
import io.github.bucket4j.distributed.BucketProxy;
import io.github.bucket4j.distributed.ExpirationAfterWriteStrategy;
import io.github.bucket4j.distributed.jdbc.PrimaryKeyMapper;
import io.github.bucket4j.distributed.proxy.BucketNotFoundException;
import io.github.bucket4j.distributed.proxy.optimization.Optimizations;
import io.github.bucket4j.postgresql.Bucket4jPostgreSQL;
import io.github.bucket4j.postgresql.PostgreSQLSelectForUpdateBasedProxyManager;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import javax.sql.DataSource;

/** Token buckets in the database, from which all servers take. Those who want of one bucket at the same time ask together. */
@ApplicationScoped
public class RateLimits {
    private static final Duration SPARE = Duration.ofSeconds(10);
    private static final int REMEMBERED = 10_000;

    private final PostgreSQLSelectForUpdateBasedProxyManager<String> buckets;

    private final Cache<String, BucketProxy> known = Caffeine.newBuilder()
            .maximumSize(REMEMBERED)
            .executor(Runnable::run) // a common pool's threads would outlive the application
            .build();

    @Inject
    public RateLimits(DataSource source) {
        this.buckets = Bucket4jPostgreSQL.selectForUpdateBasedBuilder(source)
                .primaryKeyMapper(PrimaryKeyMapper.STRING)
                .table("rate_bucket")
                .expirationAfterWrite(ExpirationAfterWriteStrategy.basedOnTimeForRefillingBucketUpToMax(SPARE))
                .build();
    }

    public RateLimits() {
        this.buckets = null; // for the server's proxy
    }

    /**
     * @param remaining how many more may come at once
     * @param refill until the next one may come; zero if this one may
     * @param reset until all of them may come again
     */
    public record Verdict(boolean granted, long remaining, Duration refill, Duration reset) {}

    /** @param who whose bucket it is; one of another rate is another bucket */
    public Verdict take(String who, Rate rate) {
        var probe = consume(who + " " + rate, rate);
        return new Verdict(
                probe.isConsumed(),
                probe.getRemainingTokens(),
                Duration.ofNanos(probe.getNanosToWaitForRefill()),
                Duration.ofNanos(probe.getNanosToWaitForReset()));
    }

    /** Those who ask together are all told if the bucket is not there yet, or not any more; who asks alone makes it. */
    private ConsumptionProbe consume(String key, Rate rate) {
        try {
            return known.get(key, k -> shared(k, rate)).tryConsumeAndReturnRemaining(1);
        } catch (RuntimeException e) {
            if (!(e instanceof BucketNotFoundException) && !(e.getCause() instanceof BucketNotFoundException)) {
                throw e;
            }
            return buckets.builder().build(key, () -> configuration(rate)).tryConsumeAndReturnRemaining(1);
        }
    }

    private BucketProxy shared(String key, Rate rate) {
        return buckets.builder().withOptimization(Optimizations.batching()).build(key, () -> configuration(rate));
    }

    private static BucketConfiguration configuration(Rate rate) {
        var bandwidth = Bandwidth.builder()
                .capacity(rate.requests())
                .refillGreedy(rate.requests(), rate.per())
                .build();
        return BucketConfiguration.builder().addLimit(bandwidth).build();
    }

    /** @return how many were full again and are gone */
    public int forget(int most) {
        return buckets.removeExpired(most);
    }
}
