// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local;

import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import serai.local.doc.Json;

/** The namespace that is always there. */
final class Namespaces {
    private Namespaces() {}

    static ObjectNode first(long index) {
        NullNode none = NullNode.getInstance();
        return Json.object(
                "Capabilities", none,
                "ConsulConfiguration", none,
                "CreateIndex", index,
                "Description", "Default shared namespace",
                "Hash", "",
                "Meta", none,
                "ModifyIndex", index,
                "Name", "default",
                "NodePoolConfiguration", none,
                "OptionalExtraClaims", none,
                "Quota", "",
                "RequiredExtraClaims", none,
                "VaultConfiguration", none);
    }
}
