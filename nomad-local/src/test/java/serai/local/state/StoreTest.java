// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serai.local.doc.Json;

class StoreTest {
    @TempDir
    Path directory;

    private Store open() throws IOException {
        return new Store(directory, InstantSource.system());
    }

    private static long put(Store store, String key, ObjectNode doc) {
        return store.commit("Test", commit -> {
            commit.put(Table.VARIABLES, key, doc);
            return commit.index();
        });
    }

    private static Optional<ObjectNode> variable(Store store, String key) {
        return store.read(tables -> tables.get(Table.VARIABLES, key));
    }

    private static long index(Store store) {
        return store.read(Tables::index);
    }

    @Test
    void givenCommits_whenTheStoreIsOpenedAgain_thenDocumentsAndIndexesAreThere() throws IOException {
        try (Store store = open()) {
            put(store, "a", Json.object("v", 1));
            put(store, "b", Json.object("v", 2));
            put(store, "a", null);
        }
        try (Store store = open()) {
            assertThat(variable(store, "a")).isEmpty();
            assertThat(variable(store, "b")).contains(Json.object("v", 2));
            assertThat(index(store)).isEqualTo(3);
            assertThat(put(store, "c", Json.object())).isEqualTo(4);
        }
    }

    @Test
    void givenATornLastLine_whenTheStoreIsOpened_thenThatCommitNeverHappened() throws IOException {
        try (Store store = open()) {
            put(store, "a", Json.object("v", 1));
        }
        Files.writeString(
                directory.resolve("journal.ndjson"), "{\"index\":2,\"changes\":[{\"tab", StandardOpenOption.APPEND);
        try (Store store = open()) {
            assertThat(index(store)).isEqualTo(1);
        }
    }

    @Test
    void givenALineThatIsTornInsideACharacter_whenTheStoreIsOpened_thenThatCommitNeverHappened() throws IOException {
        try (Store store = open()) {
            put(store, "a", Json.object("v", 1));
        }
        byte[] torn = "{\"index\":2,\"changes\":[{\"key\":\"\u00fc".getBytes(StandardCharsets.UTF_8);
        Files.write(
                directory.resolve("journal.ndjson"), Arrays.copyOf(torn, torn.length - 1), StandardOpenOption.APPEND);
        try (Store store = open()) {
            assertThat(index(store)).isEqualTo(1);
            assertThat(put(store, "b", Json.object())).isEqualTo(2);
        }
        try (Store store = open()) {
            assertThat(index(store)).isEqualTo(2);
        }
    }

    @Test
    void givenADamagedLineBeforeOthers_whenTheStoreIsOpened_thenNothingIsDroppedInSilence() throws IOException {
        try (Store store = open()) {
            put(store, "a", Json.object("v", 1));
        }
        Path journal = directory.resolve("journal.ndjson");
        String lines = Files.readString(journal);
        Files.writeString(journal, "{\"index\":1,\"chan\n" + lines);
        assertThatThrownBy(this::open).isInstanceOf(IOException.class).hasMessageContaining("line 1 cannot be read");
        assertThat(Files.readString(journal)).endsWith(lines);
    }

    @Test
    void givenAThreadThatIsInterrupted_whenItCommits_thenTheJournalStaysOpenForTheOthers() throws Exception {
        try (Store store = open()) {
            Thread interrupted = Thread.ofVirtual().start(() -> {
                Thread.currentThread().interrupt();
                put(store, "a", Json.object());
            });
            interrupted.join();
            assertThat(put(store, "b", Json.object())).isEqualTo(2);
        }
    }

    @Test
    void givenMoreThanTheJournalMayHold_whenItIsCompactedAndOpenedAgain_thenEverythingIsThere() throws IOException {
        String large = "x".repeat(1024 * 1024);
        try (Store store = open()) {
            for (int i = 0; i < 40; i++) {
                put(store, "k" + i % 3, Json.object("v", i, "large", large));
            }
        }
        assertThat(Files.size(directory.resolve("journal.ndjson"))).isLessThan(20L * large.length());
        try (Store store = open()) {
            assertThat(index(store)).isEqualTo(40);
            assertThat(variable(store, "k0").orElseThrow().get("v").asInt()).isEqualTo(39);
            assertThat(variable(store, "k1").orElseThrow().get("v").asInt()).isEqualTo(37);
        }
    }

    @Test
    void givenWorkThatThrows_whenCommitted_thenNothingChanged() throws IOException {
        try (Store store = open()) {
            assertThatThrownBy(() -> store.commit("Test", commit -> {
                        commit.put(Table.VARIABLES, "a", Json.object());
                        throw new IllegalStateException("no");
                    }))
                    .hasMessage("no");
            assertThat(variable(store, "a")).isEmpty();
            assertThat(index(store)).isZero();
        }
    }

    @Test
    void givenAReaderThatIsTooSlow_whenLinesWereDropped_thenItIsTold() throws Exception {
        try (Store store = open()) {
            EventBuffer.Reader reader = store.events().from(0);
            for (int i = 0; i <= EventBuffer.LINES; i++) {
                put(store, "a", Json.object("v", i));
            }
            assertThatThrownBy(() -> reader.take(Duration.ZERO)).isInstanceOf(EventBuffer.GapException.class);
            assertThat(store.events().from(0).take(Duration.ZERO)).hasSize(EventBuffer.LINES);
            assertThat(store.events().from(50).take(Duration.ZERO).getFirst().index())
                    .isEqualTo(50);
        }
    }
}
