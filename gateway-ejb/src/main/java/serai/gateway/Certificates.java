// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import io.netty.handler.codec.http2.Http2SecurityUtil;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Certificates of a folder: {@code NAME.crt} with its chain and {@code NAME.key}, both PEM. Which domains one is for it says
 * itself. The folder is looked at again and again, so that whoever renews them only has to put them there.
 */
final class Certificates {
    private static final System.Logger LOG = System.getLogger(Certificates.class.getName());
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(2);
    private static final int DNS_NAME = 2;
    private static final String CERTIFICATE = ".crt";
    private static final String KEY = ".key";

    private final Path folder;
    private Map<Path, FileTime> seen = Map.of();
    private Map<String, SslContext> byDomain = Map.of();
    private long lookedAt;

    Certificates(Path folder) {
        this.folder = folder;
    }

    /** @return what a client that asks for this name is shown; empty if there is nothing for it */
    synchronized Optional<SslContext> of(String domain) {
        if (lookedAt == 0 || System.nanoTime() - lookedAt > LOOK_AGAIN.toNanos()) {
            lookedAt = System.nanoTime();
            look();
        }
        var name = domain == null ? "" : domain.toLowerCase(Locale.ROOT);
        int dot = name.indexOf('.');
        return Optional.ofNullable(byDomain.get(name))
                .or(() -> Optional.ofNullable(byDomain.get("*" + name.substring(Math.max(dot, 0)))));
    }

    private void look() {
        try {
            var found = files();
            if (found.equals(seen)) {
                return;
            }
            seen = found;
            var read = new HashMap<String, SslContext>();
            for (var file : found.keySet()) {
                if (file.toString().endsWith(CERTIFICATE)) {
                    read(file, read);
                }
            }
            byDomain = read; // connections that are open keep theirs
            LOG.log(INFO, "certificates for {0}", byDomain.keySet());
        } catch (IOException e) {
            LOG.log(WARNING, "certificates of " + folder + " cannot be read; those that were read before hold", e);
        }
    }

    private Map<Path, FileTime> files() throws IOException {
        if (!Files.isDirectory(folder)) {
            return Map.of();
        }
        var found = new TreeMap<Path, FileTime>();
        try (var entries = Files.newDirectoryStream(folder, "*.{crt,key}")) {
            for (var file : entries) {
                found.put(file, Files.getLastModifiedTime(file));
            }
        }
        return found;
    }

    private static void read(Path certificate, Map<String, SslContext> into) {
        var name = certificate.toString();
        var key = Path.of(name.substring(0, name.length() - CERTIFICATE.length()) + KEY);
        try {
            var context = context(certificate, key);
            domains(certificate).forEach(domain -> into.put(domain, context));
        } catch (IOException | GeneralSecurityException | IllegalArgumentException e) {
            LOG.log(WARNING, "certificate " + certificate + " cannot be used with " + key, e);
        }
    }

    private static SslContext context(Path certificate, Path key) throws IOException {
        return SslContextBuilder.forServer(certificate.toFile(), key.toFile())
                .sslProvider(SslProvider.JDK)
                .protocols("TLSv1.3", "TLSv1.2")
                .ciphers(Http2SecurityUtil.CIPHERS, SupportedCipherSuiteFilter.INSTANCE)
                .applicationProtocolConfig(new ApplicationProtocolConfig(
                        Protocol.ALPN,
                        SelectorFailureBehavior.NO_ADVERTISE,
                        SelectedListenerFailureBehavior.ACCEPT,
                        ApplicationProtocolNames.HTTP_2,
                        ApplicationProtocolNames.HTTP_1_1))
                .build();
    }

    private static List<String> domains(Path certificate) throws IOException, GeneralSecurityException {
        try (var in = Files.newInputStream(certificate)) {
            var own = (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
            var domains = new ArrayList<String>();
            var names = own.getSubjectAlternativeNames();
            if (names != null) {
                for (var name : names) {
                    if (name.get(0).equals(DNS_NAME)) {
                        domains.add(((String) name.get(1)).toLowerCase(Locale.ROOT));
                    }
                }
            }
            return domains;
        }
    }
}
