// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.database;

import jakarta.persistence.AttributeConverter;
import jakarta.persistence.Converter;
import java.time.Duration;

/** Durations are milliseconds in the database; columns say so in their names. */
@Converter(autoApply = true)
public class Millis implements AttributeConverter<Duration, Long> {
    @Override
    public Long convertToDatabaseColumn(Duration duration) {
        return duration == null ? null : duration.toMillis();
    }

    @Override
    public Duration convertToEntityAttribute(Long millis) {
        return millis == null ? null : Duration.ofMillis(millis);
    }
}
