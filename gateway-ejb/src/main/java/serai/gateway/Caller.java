// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.HexFormat;

/** Who asks, as far as limits are counted: the proxy token, or the address. */
record Caller(String name) {
    /** Whoever has one address of IPv6 has as many as can be counted in the other half of its bits. */
    private static final int IPV6_PREFIX = 8;

    static Caller token(String id) {
        return new Caller(id);
    }

    static Caller at(String address) {
        if (address.indexOf(':') < 0) {
            return new Caller(address);
        }
        var bytes = InetAddress.ofLiteral(address).getAddress();
        return bytes.length <= IPV6_PREFIX * 2 - 1
                ? new Caller(address)
                : new Caller(HexFormat.of().formatHex(Arrays.copyOf(bytes, IPV6_PREFIX)) + "/64");
    }
}
