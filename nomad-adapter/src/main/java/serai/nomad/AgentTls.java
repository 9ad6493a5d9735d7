// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import serai.config.NomadConfig;

/** Whom we trust and who we are, from the PEM files that operators have. */
final class AgentTls {
    private static final char[] NO_PASSWORD = {}; // of a key store that never leaves memory

    private AgentTls() {}

    static SSLContext context(NomadConfig settings) {
        try {
            var context = SSLContext.getInstance("TLS");
            context.init(keys(settings), trust(settings.caCertificate()), null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException("serai.nomad: certificates or key not usable: " + e.getMessage(), e);
        }
    }

    /** Null for what the Java runtime trusts. */
    private static TrustManager[] trust(Optional<String> authorities) throws GeneralSecurityException, IOException {
        if (authorities.isEmpty()) {
            return null;
        }
        var store = emptyStore();
        int number = 0;
        for (var certificate : certificates(authorities.get())) {
            store.setCertificateEntry("ca-" + number++, certificate);
        }
        var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return factory.getTrustManagers();
    }

    /** Null for a client without a name. */
    private static KeyManager[] keys(NomadConfig settings) throws GeneralSecurityException, IOException {
        if (settings.clientCertificate().isEmpty() && settings.clientKey().isEmpty()) {
            return null;
        }
        if (settings.clientCertificate().isEmpty() || settings.clientKey().isEmpty()) {
            throw new GeneralSecurityException("client-certificate and client-key need each other");
        }
        var store = emptyStore();
        store.setKeyEntry(
                "client",
                key(settings.clientKey().get()),
                NO_PASSWORD,
                certificates(settings.clientCertificate().get()));
        var factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(store, NO_PASSWORD);
        return factory.getKeyManagers();
    }

    private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
        var store = KeyStore.getInstance("PKCS12");
        store.load(null, NO_PASSWORD);
        return store;
    }

    private static Certificate[] certificates(String file) throws GeneralSecurityException, IOException {
        try (InputStream pem = Files.newInputStream(Path.of(file))) {
            var certificates = CertificateFactory.getInstance("X.509").generateCertificates(pem);
            return certificates.toArray(Certificate[]::new);
        }
    }

    private static PrivateKey key(String file) throws GeneralSecurityException, IOException {
        try (Reader pem = Files.newBufferedReader(Path.of(file), StandardCharsets.US_ASCII);
                var parser = new PEMParser(pem)) {
            for (Object object = parser.readObject(); object != null; object = parser.readObject()) {
                switch (object) {
                    case PrivateKeyInfo key -> {
                        return new JcaPEMKeyConverter().getPrivateKey(key);
                    }
                    case PEMKeyPair pair -> {
                        return new JcaPEMKeyConverter().getPrivateKey(pair.getPrivateKeyInfo());
                    }
                    default -> {} // parameters of the curve come before an EC key
                }
            }
        }
        throw new GeneralSecurityException("no private key in " + file);
    }
}
