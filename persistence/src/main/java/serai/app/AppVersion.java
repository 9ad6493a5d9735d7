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
    private Integer rollbackOf;
    private byte[] commitInfo;

    protected AppVersion() {} // JPA

    AppVersion(App app, Apps.Publication publication, Instant now) {
        this.key = new Key(app.id(), app.version());
        this.tag = publication.tag();
        this.clientVersion = publication.clientVersion();
        this.rollbackOf = publication.origin().rollbackOf();
        this.commitInfo = publication.origin().commitInfo();
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

    /** @return the version that this one repeats; null for one with definitions of its own */
    public Integer rollbackOf() {
        return rollbackOf;
    }

    /** @return the client's own message; null if it did not say */
    public byte[] commitInfo() {
        return commitInfo;
    }

    /** An app's versions count from 1. */
    @Embeddable
    public record Key(String appId, int version) {}
}
