// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/**
 * A day of traffic, replayed in seconds, beside a policy like Knative's. {@code -Dserai.traffic.report=docs/autoscaler.md}
 * writes the table into that page, between its marks.
 */
class TrafficTest {
    private static final long SEED = 1;
    private static final String BEGIN = "<!-- table: begin -->\n";
    private static final String END = "<!-- table: end -->";

    private record Day(
            String policy,
            long calls,
            long coldStarts,
            Duration p50,
            Duration p99,
            Duration worst,
            long seconds,
            int most) {}

    @Test
    void givenADayOfTraffic_whenReplayed_thenEveryCallIsServedAndTheTailWaitsNoLongerThanWithKnativesPolicy()
            throws IOException {
        var rows = new ArrayList<String>();
        for (var traffic : Traffic.all(SEED)) {
            var ours = replay("Serai", traffic, SeraiScaler::new);
            var theirs = replay("like Knative", traffic, KnativeLikeScaler::new);
            rows.add(row(traffic.name(), ours));
            rows.add(row("", theirs));
            assertThat(ours.most).as(traffic.name()).isLessThanOrEqualTo(SeraiScaler.SETTINGS.maxContainers());
            assertThat(ours.p99).as(traffic.name()).isLessThanOrEqualTo(theirs.p99);
        }
        report(String.join("\n", rows));
    }

    private static Day replay(String policy, Traffic traffic, Supplier<Scaler> scaler) {
        var waits = new ArrayList<Long>();
        long cold = 0;
        long millis = 0;
        int most = 0;
        for (List<Traffic.Call> calls : traffic.functions()) {
            var pool = new TrafficPool(calls, scaler.get()).run();
            waits.addAll(pool.waits);
            cold += pool.coldStarts;
            millis += pool.containerMillis;
            most = Math.max(most, pool.most);
        }
        return new Day(
                policy,
                waits.size(),
                cold,
                TrafficPool.percentile(waits, 0.5),
                TrafficPool.percentile(waits, 0.99),
                TrafficPool.percentile(waits, 1),
                millis / 1000,
                most);
    }

    private static String row(String name, Day day) {
        return String.format(
                Locale.ROOT,
                "| %s | %s | %,d | %,d | %.2f s | %.2f s | %.2f s | %,d |",
                name,
                day.policy,
                day.calls,
                day.coldStarts,
                day.p50.toMillis() / 1000.0,
                day.p99.toMillis() / 1000.0,
                day.worst.toMillis() / 1000.0,
                day.seconds);
    }

    private static void report(String rows) throws IOException {
        var table = """
                | traffic | policy | calls | cold starts | wait p50 | wait p99 | worst wait | container-seconds |
                | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |
                """ + rows + "\n";
        System.out.println(table);
        var page = System.getProperty("serai.traffic.report");
        if (page != null) {
            var path = Path.of("..").resolve(page);
            var text = Files.readString(path);
            int from = text.indexOf(BEGIN) + BEGIN.length();
            Files.writeString(path, text.substring(0, from) + table + text.substring(text.indexOf(END)));
        }
    }
}
