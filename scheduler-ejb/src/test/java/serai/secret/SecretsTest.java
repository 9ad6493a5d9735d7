// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.secret;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import serai.problem.Problem;
import serai.problem.ProblemException;
import serai.server.TestServer;
import serai.workspace.Tenant;

class SecretsTest {
    private static final String OLD = key(1);
    private static final String NEW = key(2);

    private final TestServer server = new TestServer();
    private final Secrets secrets = server.secrets(OLD);

    private static String key(int seed) {
        var bytes = new byte[32];
        bytes[0] = (byte) seed;
        return Base64.getEncoder().encodeToString(bytes);
    }

    private Secret named(String name, Map<String, String> values) {
        return secrets.create(server.environment, name, new Variables(values), Secrets.Existing.REFUSE, server.now());
    }

    @Test
    void givenANewMasterKey_whenAllIsRewrapped_thenTheOldOneIsNotNeeded() {
        var secret = named("rotated", Map.of("A", "1"));
        var both = server.secrets(NEW + "," + OLD);
        while (both.rewrap() > 0) {} // of other tests, too

        var values = server.secrets(NEW).variables(server.tenant, List.of(secret.id()), server.now());

        assertThat(values).containsExactly(Map.entry("A", "1"));
        assertThatThrownBy(() -> secrets.variables(server.tenant, List.of(secret.id()), server.now()))
                .isInstanceOfSatisfying(
                        ProblemException.class, e -> assertThat(e.problem()).isEqualTo(Problem.SECRET_UNREADABLE));
    }

    @Test
    void givenNoMasterKey_thenSecretsAreRefusedByTheNameOfTheSetting() {
        assertThatThrownBy(() -> server.secrets(null)
                        .createNameless(server.environment, null, new Variables(Map.of()), server.now()))
                .hasMessageContaining("serai.secret.master-keys");
    }

    @Test
    void givenTwoSecrets_thenTheLaterValueCounts() {
        var one = named("one", Map.of("A", "1", "B", "1"));
        var two = named("two", Map.of("B", "2"));
        assertThat(secrets.variables(server.tenant, List.of(one.id(), two.id()), server.now()))
                .containsOnly(Map.entry("A", "1"), Map.entry("B", "2"));
    }

    @Test
    void givenAChange_thenTheOthersStay() {
        var secret = named("changed", Map.of("A", "1", "B", "1"));
        secrets.update(
                server.tenant,
                secret.id(),
                Map.of("A", Optional.of("2"), "B", Optional.empty(), "C", Optional.of("3")));
        assertThat(secrets.variables(server.tenant, List.of(secret.id()), server.now()))
                .containsOnly(Map.entry("A", "2"), Map.entry("C", "3"));
    }

    @Test
    void givenAContainerThatStarts_whenItsSecretIsChangedMeanwhile_thenTheChangeStays() {
        var secret = named("meanwhile", Map.of("A", "1"));
        server.together(() -> {
            secrets.get(server.tenant, secret.id());
            server.beside(() -> secrets.update(server.tenant, secret.id(), Map.of("A", Optional.of("2"))))
                    .join();
            secrets.variables(server.tenant, List.of(secret.id()), server.now());
        });
        assertThat(secrets.variables(server.tenant, List.of(secret.id()), server.now()))
                .containsExactly(Map.entry("A", "2"));
        assertThat(secrets.get(server.tenant, secret.id()).lastUsedAt()).isNotNull();
    }

    @Test
    void givenAnotherWorkspace_thenTheSecretIsNotThere() {
        var secret = named("ours", Map.of("A", "1"));
        var other = new Tenant("ws-other", "other");
        assertThatThrownBy(() -> secrets.get(other, secret.id())).hasMessageContaining("not found");
        assertThatThrownBy(() -> secrets.variables(other, List.of(secret.id()), server.now()))
                .hasMessageContaining("not found");
    }

    @Test
    void givenNamelessSecrets_thenTheyGoWithTheirAppAndWhenNothingRefersToThem() {
        var app = server.app();
        var ofApp = secrets.createNameless(server.environment, app.id(), new Variables(Map.of()), server.now());
        var unclaimed = secrets.createNameless(server.environment, null, new Variables(Map.of()), server.now());
        var kept = named("kept", Map.of());

        secrets.forget(server.now());
        assertThat(ids()).contains(ofApp.id(), unclaimed.id(), kept.id());

        server.apps.stop(app.id(), server.now());
        server.apps.stopped(app.id());
        secrets.forget(Instant.now().plus(Duration.ofDays(2)));
        assertThat(ids()).contains(kept.id()).doesNotContain(ofApp.id(), unclaimed.id());
    }

    private List<String> ids() {
        return server.jdbi.withHandle(handle ->
                handle.createQuery("select id from secret").mapTo(String.class).list());
    }
}
