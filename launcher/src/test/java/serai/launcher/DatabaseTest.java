// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class DatabaseTest {
    @Test
    void aUrlWithLogin() {
        assertThat(Database.external("postgresql://ada:p%40ss@db.example:5433/serai?sslmode=require"))
                .isEqualTo(new Database("jdbc:postgresql://db.example:5433/serai?sslmode=require", "ada", "p@ss"));
    }

    @Test
    void theJdbcFormWithLoginAsParameters() {
        assertThat(Database.external("jdbc:postgresql://db/serai?user=ada&password=x+y&ssl=true"))
                .isEqualTo(new Database("jdbc:postgresql://db:5432/serai?ssl=true", "ada", "x+y"));
    }

    @Test
    void anotherKindOfDatabaseIsRefused() {
        assertThatThrownBy(() -> Database.external("mysql://db/serai")).hasMessageContaining("postgresql://");
    }

    @Test
    void aBrokenUrlIsNotRepeated_sinceItMayHoldAPassword() {
        assertThatThrownBy(() -> Database.external("postgresql://ada:geheim @db/serai"))
                .message()
                .doesNotContain("geheim");
    }
}
