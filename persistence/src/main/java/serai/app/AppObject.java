// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.app;

import jakarta.persistence.Embeddable;
import jakarta.persistence.EmbeddedId;
import jakarta.persistence.Entity;

/** One entry of a {@link Layout}. */
@Entity
public class AppObject {
    @EmbeddedId
    private Key key;

    private String objectId;
    private String definitionId;

    protected AppObject() {} // JPA

    AppObject(App app, String kind, String tag, String objectId, String definitionId) {
        this.key = new Key(app.id(), app.version(), kind, tag);
        this.objectId = objectId;
        this.definitionId = definitionId;
    }

    String kind() {
        return key.kind();
    }

    String tag() {
        return key.tag();
    }

    String objectId() {
        return objectId;
    }

    /** @return null for a class */
    String definitionId() {
        return definitionId;
    }

    /** {@code kind} is FUNCTION or CLASS. */
    @Embeddable
    public record Key(String appId, int version, String kind, String tag) {}
}
