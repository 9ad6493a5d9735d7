// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import com.google.protobuf.ByteString;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** A header field. Bytes beyond ASCII travel as ISO 8859-1, unchanged. */
record Field(String name, String value) {
    /** Fields of one connection, which nobody passes on. RFC 9110, section 7.6.1, and what was in use before it. */
    private static final Set<String> HOP_BY_HOP = Set.of(
            "connection",
            "keep-alive",
            "proxy-connection",
            "proxy-authenticate",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade");

    /** @param flat name, value, name, value … */
    static List<Field> of(List<ByteString> flat) {
        var fields = new ArrayList<Field>(flat.size() / 2);
        for (int i = 0; i + 1 < flat.size(); i += 2) {
            fields.add(new Field(text(flat.get(i)).toLowerCase(Locale.ROOT), text(flat.get(i + 1))));
        }
        return fields;
    }

    private static String text(ByteString bytes) {
        return bytes.toString(StandardCharsets.ISO_8859_1);
    }

    boolean is(String other) {
        return name.equals(other);
    }

    /** @param named by the message's own {@code connection} fields, lower case */
    static boolean isHopByHop(String name, Set<String> named) {
        return HOP_BY_HOP.contains(name) || named.contains(name);
    }

    /** What a function's answer may have: what is the connection's is ours. */
    static List<Field> endToEnd(List<Field> fields) {
        var named = new java.util.HashSet<String>();
        fields.stream().filter(f -> f.is("connection")).forEach(f -> named.addAll(tokens(f.value)));
        return fields.stream().filter(f -> !isHopByHop(f.name, named)).toList();
    }

    static List<String> tokens(String value) {
        return java.util.Arrays.stream(value.split(","))
                .map(token -> token.strip().toLowerCase(Locale.ROOT))
                .filter(token -> !token.isEmpty())
                .toList();
    }
}
