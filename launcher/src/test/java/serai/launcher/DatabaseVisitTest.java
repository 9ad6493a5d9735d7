// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DatabaseVisitTest {
    private static DatabaseVisit visit(int release, boolean mayCreate, int schema) {
        return new DatabaseVisit("db:5432", "ada", release + ".1", release, mayCreate, schema);
    }

    @Test
    void anEmptyOneAndOneOfOurVersion() {
        assertThatCode(() -> visit(15, true, 0).check(3)).doesNotThrowAnyException();
        assertThatCode(() -> visit(18, true, 3).check(3)).doesNotThrowAnyException();
    }

    @Test
    void aNewerSchema() {
        assertThatThrownBy(() -> visit(18, true, 4).check(3))
                .isInstanceOf(Failure.class)
                .hasMessageContaining("schema version 4")
                .hasMessageContaining("newer than this Serai (3)");
    }

    @Test
    void anOldServer() {
        assertThatThrownBy(() -> visit(14, true, 0).check(3)).hasMessageContaining("needs 15 or newer");
    }

    @Test
    void aRoleThatMayNotCreate() {
        assertThatThrownBy(() -> visit(18, false, 0).check(3))
                .hasMessageContaining("grant create on schema public to \"ada\"");
    }

    @ParameterizedTest
    @CsvSource({
        "28P01, does not let in user ada",
        "28000, pg_hba.conf",
        "3D000, create database serai owner ada",
        "08001, is it running",
        "53300, too many"
    })
    void eachRefusalSaysWhatToDo(String state, String said) {
        assertThat(DatabaseVisit.refusal("db:5432", "ada", "serai", state, "too many clients"))
                .contains("db:5432", "SERAI_DATABASE_URL", said);
    }

    @Test
    void nobodyThere() throws IOException {
        int port;
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        var database = Database.external("postgresql://ada:geheim@127.0.0.1:" + port + "/serai");
        assertThatThrownBy(() -> DatabaseVisit.of(database))
                .isInstanceOf(Failure.class)
                .hasMessageContaining("No PostgreSQL answers at 127.0.0.1:" + port)
                .message()
                .doesNotContain("geheim");
    }
}
