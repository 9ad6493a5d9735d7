// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import jakarta.ws.rs.core.UriInfo;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import serai.api.http.Caller;
import serai.api.rest.deployment.Deployer;
import serai.api.rest.once.IdempotencyKey;
import serai.api.rest.once.Once;
import serai.mount.Mounts;
import serai.workspace.Environment;
import serai.workspace.Tenant;

class DeploymentsResourceTest {
    private static final String BODY = """
            {"sources": {"a.py": "def run(): pass", "b.py": "def run(): pass", "c.py": ""},
             "functions": [{"name": "f", "handler": "a.run"}]}""";

    private final List<String> stored = new ArrayList<>();

    private final Mounts mounts = new Mounts() {
        @Override
        public Set<String> missing(Tenant tenant, Collection<String> sha256s) {
            var missing = Set.copyOf(sha256s).stream().filter(sha256 -> !stored.contains(sha256));
            return Set.of(missing.toArray(String[]::new));
        }

        @Override
        public void put(Tenant tenant, String sha256, byte[] content, Instant now) {
            stored.add(sha256);
        }
    };

    private final Once transaction = new Once() {
        @Override
        public String made(Tenant tenant, IdempotencyKey key, Supplier<String> work) {
            throw new Begun(List.copyOf(stored));
        }
    };

    private final AppRefs refs = new AppRefs() {
        @Override
        Environment environment(Tenant tenant, String name) {
            return null;
        }
    };

    private final Caller caller = new Caller() {
        @Override
        public Tenant tenant() {
            return new Tenant("wo-1", "w");
        }
    };

    private static UriInfo uri() {
        return (UriInfo) Proxy.newProxyInstance(
                UriInfo.class.getClassLoader(), new Class<?>[] {UriInfo.class}, (uri, method, arguments) -> "path");
    }

    private Begun deploy() {
        var deployer = new Deployer(null, null, null, mounts, null, null, null);
        var resource = new DeploymentsResource(deployer, null, null, refs, null, null, transaction, caller);
        return catchThrowableOfType(
                Begun.class, () -> resource.deploy("app", null, null, uri(), BODY.getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void givenSources_whenTheyAreDeployed_thenTheyAreStoredBeforeTheTransactionInWhichOthersWait() {
        assertThat(deploy().stored).doesNotHaveDuplicates().hasSize(2);
    }

    @Test
    void givenSourcesThatAreStored_whenTheyAreDeployedAgain_thenNoneIsStoredAgain() {
        deploy();

        assertThat(deploy().stored).hasSize(2);
    }

    /** The transaction, in which nothing is done here. */
    private static final class Begun extends RuntimeException {
        private final transient List<String> stored;

        Begun(List<String> stored) {
            this.stored = stored;
        }
    }
}
