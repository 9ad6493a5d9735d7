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
    private Instant createdAt;
    private Instant revokedAt;

    protected ApiToken() {} // JPA

    ApiToken(String id, Tenant tenant, String secret) {
        this.id = id;
        this.workspaceId = tenant.workspaceId();
        this.secretHash = Secret.hash(secret);
        this.createdAt = Instant.now();
    }

    boolean accepts(String secret) {
        return revokedAt == null && Secret.matches(secret, secretHash);
    }

    String workspaceId() {
        return workspaceId;
    }

    public String id() {
        return id;
    }

    public Instant createdAt() {
        return createdAt;
    }

    void revoke(Instant now) {
        if (revokedAt == null) {
            revokedAt = now;
        }
    }
}
