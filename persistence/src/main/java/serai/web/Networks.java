// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.web;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;

/** Ranges of addresses, as {@code 10.0.0.0/8} or {@code 2001:db8::/32}; a single address is one as well. */
public record Networks(List<Network> ranges) {
    /** @param length in bits, from 0 to that of the address */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record Network(byte[] address, int length) {
        @Override
        public String toString() {
            try {
                return InetAddress.getByAddress(address).getHostAddress() + "/" + length;
            } catch (UnknownHostException e) {
                throw new IllegalStateException("it was an address before", e);
            }
        }

        private boolean contains(byte[] other) {
            if (other.length != address.length) {
                return false;
            }
            for (int bit = 0; bit < length; bit++) {
                int mask = 0x80 >> bit % 8;
                if (((address[bit / 8] ^ other[bit / 8]) & mask) != 0) {
                    return false;
                }
            }
            return true;
        }
    }

    /** @throws IllegalArgumentException for what is no range, by its text */
    public static Networks of(List<String> texts) {
        return new Networks(texts.stream()
                .map(String::strip)
                .filter(text -> !text.isEmpty())
                .map(Networks::network)
                .toList());
    }

    private static Network network(String text) {
        int slash = text.indexOf('/');
        var address = bytes(slash < 0 ? text : text.substring(0, slash));
        int length = address.length * 8;
        if (slash >= 0) {
            var digits = text.substring(slash + 1);
            if (!digits.matches("[0-9]{1,3}") || Integer.parseInt(digits) > length) {
                throw new IllegalArgumentException("\"%s\" is not a range of addresses".formatted(text));
            }
            length = Integer.parseInt(digits);
        }
        return new Network(address, length);
    }

    public static boolean isAddress(String text) {
        try {
            return bytes(text).length > 0;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static byte[] bytes(String text) {
        if (text.indexOf(':') < 0 && !text.matches("[0-9]{1,3}(\\.[0-9]{1,3}){3}")) { // 10.1 would be 10.0.0.1
            throw new IllegalArgumentException("\"%s\" is not an address".formatted(text));
        }
        return InetAddress.ofLiteral(text).getAddress();
    }

    /** As they were given, an address with its length. */
    public List<String> texts() {
        return ranges.stream().map(Network::toString).toList();
    }

    public boolean contains(String address) {
        var bytes = bytes(address);
        return ranges.stream().anyMatch(range -> range.contains(bytes));
    }
}
