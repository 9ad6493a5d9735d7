// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.workspace;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import java.time.Instant;
import serai.id.Secret;

/** What a client presents instead of a password. */
@Entity
public class ApiToken {
    @Id
    private String id;

    private String workspaceId;
    private byte[] secretHash;
    private Instant revokedAt;

    protected ApiToken() {} // JPA

    ApiToken(String id, Tenant tenant, String secret) {
        this.id = id;
        this.workspaceId = tenant.workspaceId();
        this.secretHash = Secret.hash(secret);
    }

    boolean accepts(String secret) {
        return revokedAt == null && Secret.matches(secret, secretHash);
    }

    String workspaceId() {
        return workspaceId;
    }
}
