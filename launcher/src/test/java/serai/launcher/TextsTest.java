// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What we write for others and read from them. */
class TextsTest {
    @Test
    void aShellReadsBackWhatWeExport() {
        var value = "it's $HOME `x` \"y\"\nz";
        var script = Shell.exports(Map.of("VALUE", value)) + "\nprintf %s \"$VALUE\"";
        assertThat(Command.of("sh", "-c", script).run(10).output().strip()).isEqualTo(value);
        assertThat(Shell.exports(Map.of("URL", "http://127.0.0.1:50051")))
                .isEqualTo("export URL=http://127.0.0.1:50051");
    }

    @Test
    void theLoginIsWhatClientsReadFromTheirEnvironment() {
        var environment = new Login("ak-1", "as-2", "main")
                .environment("http://127.0.0.1:50051", "http://127.0.0.1:8080", "http://127.0.0.1:8000");
        assertThat(environment)
                .containsExactly(
                        Map.entry("MODAL_SERVER_URL", "http://127.0.0.1:50051"),
                        Map.entry("MODAL_TOKEN_ID", "ak-1"),
                        Map.entry("MODAL_TOKEN_SECRET", "as-2"),
                        Map.entry("SERAI_API_URL", "http://127.0.0.1:8080"),
                        Map.entry("SERAI_API_TOKEN", "ak-1.as-2"),
                        Map.entry("SERAI_WEB_URL", "http://127.0.0.1:8000"));
    }

    @Test
    void aPythonThatIsTooOld() {
        assertThat(Python.isNewEnough("3.10.0")).isTrue();
        assertThat(Python.isNewEnough("3.14.0rc2")).isTrue();
        assertThat(Python.isNewEnough("3.9.18")).isFalse();
        assertThat(Python.isNewEnough("2.7.18")).isFalse();
    }

    @Test
    void theServersOwnEmptyPasswordHasTheHashThatItsDistributionShips() {
        var shipped = "{SSHA256}27Nv0BTvkPdBpYuWJgtDj3hg/sWSRcCd4KQrT7m5PKt0kvVl+Z/n3Q==";
        var salt = HexFormat.of().parseHex("7492f565f99fe7dd");
        assertThat(SaltedHash.of("", salt)).isEqualTo(shipped);
    }

    @Test
    void readinessNeedsBothOfOurChecks() {
        assertThat(Readiness.of("{\"status\":\"UP\",\"checks\":[]}").isReady()).isFalse();
        var half =
                "{\"checks\":[{\"name\":\"database\",\"status\":\"UP\"},{\"name\":\"cluster\",\"status\":\"DOWN\"}]}";
        assertThat(Readiness.of(half).isReady()).isFalse();
        assertThat(Readiness.of(half)).hasToString("cluster DOWN, database up");
        assertThat(Readiness.of(half.replace("DOWN", "UP")).isReady()).isTrue();
        assertThat(Readiness.of("<html>").isReady()).isFalse();
    }

    @Test
    void testReportsAreCounted(@TempDir Path folder) throws Exception {
        var report = folder.resolve("report.xml");
        Files.writeString(report, """
                <testsuites><testsuite><testcase classname="a" name="x"/><testcase classname="a" name="y"><failure/></testcase>
                <testcase classname="a" name="z"><error/></testcase><testcase classname="a" name="s"><skipped/></testcase>
                <testcase classname="a" name="f"><flakyFailure/></testcase></testsuite></testsuites>
                """);
        var reasons = List.of("FAILED a.y", "FAILED a.z", "FLAKY a.f: it passed at its second try");
        assertThat(SuiteResult.read(report)).isEqualTo(new SuiteResult(2, 2, 1, reasons));
    }

    @Test
    void aSuiteWithoutTestsHasFailed() {
        assertThat(SuiteResult.NOTHING.judged(0, "log").failed()).isEqualTo(1);
        assertThat(new SuiteResult(3, 0, 0, List.of()).judged(2, "log").failed())
                .isEqualTo(1);
        assertThat(new SuiteResult(3, 0, 0, List.of()).judged(0, "log").failed())
                .isZero();
        assertThat(new SuiteResult(3, 1, 0, List.of("x")).judged(1, "log").failed())
                .isEqualTo(1);
    }

    @Test
    void everyCommandHasAHelp() {
        Serai.commandLine().getSubcommands().forEach((name, command) -> {
            assertThat(command.getUsageMessage()).as(name).contains("Usage: serai " + name);
            assertThat(command.getCommandSpec().usageMessage().description())
                    .as(name)
                    .isNotEmpty();
        });
    }

    @Test
    void noLineOfTheHelpIsLongerThanATerminal_andTheAddressOfADatabaseIsWhole() {
        var help = Serai.commandLine().getUsageMessage();
        assertThat(help).contains("postgresql://user:password@host:port/database\n");
        assertThat(help.lines()).allMatch(line -> line.length() <= 80);
    }

    @Test
    void aCommandThatIsNotThereIsNamed_withThoseThatAre() {
        assertThat(refusal("nonsense")).startsWith("serai: nonsense is no command of serai, which has: run, up, down,");
        assertThat(refusal("token", "delete"))
                .isEqualTo("serai: delete is no command of serai token, which has: create\n");
        assertThat(refusal("up", "--nope")).startsWith("serai: Unknown option: '--nope'\nUsage: serai up");
    }

    private static String refusal(String... words) {
        var said = new StringWriter();
        var line = Serai.commandLine().setErr(new PrintWriter(said, true));
        assertThat(line.execute(words)).isEqualTo(2);
        return said.toString();
    }

    @Test
    void aFolderThatCannotBeOursIsToldWithTheReason(@TempDir Path folder) throws Exception {
        var file = Files.createFile(folder.resolve("file"));
        assertThatThrownBy(() -> home(file).create())
                .isInstanceOf(Failure.class)
                .hasMessage("%s cannot be used as SERAI_HOME: %s is there and is no folder", file, file);
        assertThatThrownBy(() -> RunState.read(home(file).runFile()))
                .isInstanceOf(Failure.class)
                .hasMessage(
                        "%s/run.json cannot be read: Not a directory. SERAI_HOME has to be a folder of yours", file);
        assertThatThrownBy(() -> home(Path.of("/proc/serai")).create())
                .hasMessage("/proc/serai cannot be used as SERAI_HOME: no folder can be made at /proc/serai");
    }

    private static Home home(Path directory) {
        return Home.of(new Settings(Map.of("SERAI_HOME", directory.toString())));
    }

    @Test
    void whatFollowsModalIsTheClients() {
        var parsed = Serai.commandLine().parseArgs("modal", "app", "list", "--json", "--help");
        assertThat(parsed.subcommand().matchedPositionals()).hasSize(1);
        assertThat(parsed.subcommand().<List<String>>matchedPositionalValue(0, List.of()))
                .containsExactly("app", "list", "--json", "--help");
    }

    @Test
    void eachServerHasItsLogs_andAPartThatIsNotThereIsNamed() {
        assertThat(LogsCommand.file("server")).isEqualTo("server.log");
        assertThat(LogsCommand.file("server-2")).isEqualTo("server-2.log");
        assertThat(LogsCommand.file("start-2")).isEqualTo("server-2.out");
        assertThat(LogsCommand.file("agent")).isEqualTo("agent.log");
        assertThatThrownBy(() -> LogsCommand.file("server-two")).hasMessageContaining("server-two");
    }
}
