// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import java.util.List;
import org.jdbi.v3.core.Handle;

/**
 * A layer of a base system that all nodes have the same.
 *
 * @param name that nodes give it, by what it is made of
 * @param digest of its content
 */
public record BaseLayer(String name, String digest) {
    static List<BaseLayer> recorded(Handle handle) {
        return handle.createQuery("select name, digest from base_system order by name")
                .map((row, context) -> new BaseLayer(row.getString("name"), row.getString("digest")))
                .list();
    }
}
