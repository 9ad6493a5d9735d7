// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.definition;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Properties;

/** The version of the client package that this server's protocol was made from. */
public final class ClientVersion {
    /** What a function runs on whose deployer did not say another one. */
    public static final String STANDARD = read();

    private ClientVersion() {}

    private static String read() {
        try (var in = ClientVersion.class.getResourceAsStream("client.properties")) {
            var properties = new Properties();
            properties.load(in);
            return properties.getProperty("version");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
