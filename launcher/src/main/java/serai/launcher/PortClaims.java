// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.DatagramChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * Ports that were chosen, from then until their listeners have them: two installations that start at the same moment would choose
 * the same ones. A port is claimed by a UDP socket of the same number, since nothing of ours speaks UDP: the kernel tells it
 * to everybody on the machine, whoever their user is, and takes it back when the process ends, however it does.
 */
final class PortClaims implements IntPredicate, AutoCloseable {
    private final List<DatagramChannel> held = new ArrayList<>();

    /** @return whether nobody listens on the port and nobody else has claimed it; then it is claimed */
    @Override
    public boolean test(int port) {
        return Ports.isFree(port) && claim(port);
    }

    /** Claims a port whose listener is one of ours: it may be replaced meanwhile, and nobody listens there for a while. */
    void keep(int port) {
        claim(port);
    }

    /** @return false if somebody else has claimed it */
    private boolean claim(int port) {
        try {
            var channel = DatagramChannel.open();
            try {
                held.add(channel.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port)));
                return true;
            } catch (IOException e) {
                channel.close();
                return false;
            }
        } catch (IOException e) {
            throw Failure.from(e, "no port can be claimed: %s", e.getMessage());
        }
    }

    @Override
    public void close() {
        for (var channel : held) {
            try {
                channel.close();
            } catch (IOException e) {
                throw Failure.from(e, "the claim of a port is not given back: %s", e.getMessage());
            }
        }
        held.clear();
    }
}
