// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Collectors;

/** Where the server finds its data: what its three settings say. */
record Database(String url, String user, String password) {
    /** @param text postgresql://user:password@host:port/name?options, or the same with jdbc: before it */
    static Database external(String text) {
        var plain = text.startsWith("jdbc:") ? text.substring("jdbc:".length()) : text;
        if (!plain.startsWith("postgresql://") && !plain.startsWith("postgres://")) {
            throw Failure.because(
                    "SERAI_DATABASE_URL is not of the form postgresql://user:password@host:port/database");
        }
        try {
            var uri = URI.create(plain);
            var login = uri.getRawUserInfo() == null
                    ? new String[0]
                    : uri.getRawUserInfo().split(":", 2);
            var user = login.length > 0 ? decoded(login[0]) : parameter(uri, "user");
            var password = login.length > 1 ? decoded(login[1]) : parameter(uri, "password");
            var port = uri.getPort() < 0 ? 5432 : uri.getPort();
            return new Database(
                    "jdbc:postgresql://" + uri.getHost() + ":" + port + uri.getRawPath() + options(uri),
                    user,
                    password);
        } catch (IllegalArgumentException e) {
            // neither the text nor its exception is shown: it may hold a password
            throw Failure.because("SERAI_DATABASE_URL is not a URL: percent-encode the password's special characters");
        }
    }

    private static String options(URI uri) {
        if (uri.getRawQuery() == null) {
            return "";
        }
        var kept = Arrays.stream(uri.getRawQuery().split("&"))
                .filter(option -> !option.startsWith("user=") && !option.startsWith("password="))
                .collect(Collectors.joining("&"));
        return kept.isEmpty() ? "" : "?" + kept;
    }

    private static String parameter(URI uri, String name) {
        var query = uri.getRawQuery() == null ? "" : uri.getRawQuery();
        return Arrays.stream(query.split("&"))
                .filter(option -> option.startsWith(name + "="))
                .map(option -> decoded(option.substring(name.length() + 1)))
                .findFirst()
                .orElse("");
    }

    private static String decoded(String text) {
        return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    String name() {
        return URI.create(url.substring("jdbc:".length())).getPath().replaceFirst("^/", "");
    }

    String address() {
        var uri = URI.create(url.substring("jdbc:".length()));
        return uri.getHost() + ":" + uri.getPort();
    }

    /**
     * Asks the way a client begins (an SSLRequest, answered by one byte): a listener that does not answer is not ready, and no
     * login is spent.
     */
    boolean answers() {
        var uri = URI.create(url.substring("jdbc:".length()));
        try (var socket = new Socket()) {
            socket.connect(new InetSocketAddress(uri.getHost(), uri.getPort()), 2000);
            socket.setSoTimeout(2000);
            socket.getOutputStream().write(new byte[] {0, 0, 0, 8, 4, (byte) 210, 22, 47});
            int answer = socket.getInputStream().read();
            return answer == 'N' || answer == 'S';
        } catch (IOException e) {
            return false;
        }
    }
}
