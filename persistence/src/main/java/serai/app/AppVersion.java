// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.app;

import jakarta.persistence.Embeddable;
import jakarta.persistence.EmbeddedId;
import jakarta.persistence.Entity;
import java.time.Instant;

/** One publication of an app. */
@Entity
public class AppVersion {
    @EmbeddedId
    private Key key;

    private String tag;
    private Instant publishedAt;
    private String clientVersion;

    protected AppVersion() {} // JPA

    AppVersion(App app, String tag, String clientVersion, Instant now) {
        this.key = new Key(app.id(), app.version());
        this.tag = tag;
        this.clientVersion = clientVersion;
        this.publishedAt = now;
    }

    public int version() {
        return key.version();
    }

    public String tag() {
        return tag;
    }

    public Instant publishedAt() {
        return publishedAt;
    }

    public String clientVersion() {
        return clientVersion;
    }

    /** An app's versions count from 1. */
    @Embeddable
    public record Key(String appId, int version) {}
}
