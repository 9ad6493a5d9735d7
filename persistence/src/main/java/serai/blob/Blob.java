// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.blob;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import java.time.Instant;
import serai.id.NewId;
import serai.workspace.Tenant;

/** A payload too large to travel inline. */
@Entity
public class Blob {
    @Id
    private String id;

    private String workspaceId;
    private long size;
    private String sha256;
    private Instant storedAt;

    protected Blob() {} // JPA

    Blob(Tenant tenant, long size, String sha256) {
        this.id = NewId.of("bl");
        this.workspaceId = tenant.workspaceId();
        this.size = size;
        this.sha256 = sha256;
    }

    public String id() {
        return id;
    }

    public String workspaceId() {
        return workspaceId;
    }

    /** @return bytes, as announced */
    public long size() {
        return size;
    }

    /** @return in how many parts it is uploaded, from 1 */
    public int parts() {
        return Math.toIntExact(Math.max(1, Math.ceilDiv(size, Blobs.PART_BYTES)));
    }

    /** @param number of a part, from 1 to {@link #parts} */
    public long partSize(int number) {
        return number < parts() ? Blobs.PART_BYTES : size - (parts() - 1) * Blobs.PART_BYTES;
    }

    /** @return hex digest as announced; null if none was */
    public String sha256() {
        return sha256;
    }

    public boolean isStored() {
        return storedAt != null;
    }

    void stored(Instant now) {
        storedAt = now;
    }
}
