// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogFilesTest {
    @TempDir
    Path directory;

    private void write(String... texts) throws IOException {
        try (LogFiles.Writer writer = new LogFiles.Writer(directory, "fn", "stdout", 10, 3)) {
            for (String text : texts) {
                byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
                writer.write(bytes, bytes.length);
            }
        }
    }

    private List<String> files() throws IOException {
        return LogFiles.list(directory, "fn", "stdout").stream()
                .map(file -> {
                    try {
                        return file.path().getFileName() + "=" + Files.readString(file.path());
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                })
                .toList();
    }

    @Test
    void givenAFullFile_whenMoreIsWritten_thenTheNextNumberIsBegunAndTheOldestGoes() throws IOException {
        write("0123456789", "abcdefghij", "ABCDEFGHIJ", "zyxw");
        assertThat(files()).containsExactly("fn.stdout.1=abcdefghij", "fn.stdout.2=ABCDEFGHIJ", "fn.stdout.3=zyxw");
    }

    @Test
    void givenFilesOfAnEarlierAgent_whenWritingGoesOn_thenTheLastOneIsAppendedTo() throws IOException {
        write("0123456789ab");
        write("cd");
        assertThat(files()).containsExactly("fn.stdout.0=0123456789", "fn.stdout.1=abcd");
    }

    @Test
    void givenSeveralFiles_whenTheyAreRead_thenTheyAreOneText() throws IOException {
        write("0123456789", "abcdefghij", "xy");
        assertThat(text(new LogReader(directory, "fn", "stdout", 0, false))).isEqualTo("0123456789abcdefghijxy");
        assertThat(text(new LogReader(directory, "fn", "stdout", 12, false))).isEqualTo("cdefghijxy");
        assertThat(text(new LogReader(directory, "fn", "stdout", 1, true))).isEqualTo("y");
    }

    private static String text(LogReader reader) throws IOException {
        StringBuilder text = new StringBuilder();
        for (LogReader.Frame frame = reader.next(); frame != null; frame = reader.next()) {
            text.append(new String(frame.data(), StandardCharsets.UTF_8));
        }
        return text.toString();
    }
}
