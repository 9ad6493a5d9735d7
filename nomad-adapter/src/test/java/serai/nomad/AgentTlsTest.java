// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serai.cluster.Cluster;
import serai.problem.Problem;
import serai.problem.ProblemException;

/** An agent that has a certificate and wants to see ours. */
class AgentTlsTest {
    private static final char[] NO_PASSWORD = {};
    private static final String SELF = "{\"config\":{\"Version\":{\"Version\":\"2.0.6\",\"VersionPrerelease\":\"\"}}}";

    @TempDir
    Path files;

    private HttpsServer agent;
    private KeyPair ourKey;
    private final Map<String, String> settings = new HashMap<>();

    @BeforeEach
    void start() throws Exception {
        var agentsKey = newKey();
        var agents = selfSigned("CN=agent", agentsKey);
        ourKey = newKey();
        var ours = selfSigned("CN=serai", ourKey);
        settings.put("serai.nomad.ca-certificate", pem("ca", agents));
        settings.put("serai.nomad.client-certificate", pem("client", ours));
        settings.put("serai.nomad.client-key", pem("key", ourKey));

        agent = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        agent.setHttpsConfigurator(wantsToSee(ours, agents, agentsKey));
        agent.createContext("/v1/agent/self", exchange -> {
            try (exchange) {
                var bytes = SELF.getBytes(StandardCharsets.UTF_8);
                exchange.sendResponseHeaders(200, bytes.length);
                exchange.getResponseBody().write(bytes);
            }
        });
        agent.start();
        settings.put(
                "serai.nomad.address", "https://127.0.0.1:" + agent.getAddress().getPort());
    }

    @AfterEach
    void stop() {
        agent.stop(0);
    }

    @Test
    void givenAKeyInPkcs1_whenAsked_thenTheyTalk() throws IOException {
        assertThat(Files.readString(Path.of(settings.get("serai.nomad.client-key"))))
                .contains("BEGIN RSA PRIVATE KEY");
        assertTalks();
    }

    @Test
    void givenAKeyInPkcs8_whenAsked_thenTheyTalk() throws IOException {
        settings.put("serai.nomad.client-key", pem("pkcs8", new JcaPKCS8Generator(ourKey.getPrivate(), null)));
        assertTalks();
    }

    private void assertTalks() {
        try (var beans = new BeanContainer(settings)) {
            assertThat(beans.cluster().info().version()).isEqualTo("2.0.6");
        }
    }

    @Test
    void givenAnAuthorityThatWeDoNotTrust_whenAsked_thenTheyDoNot() throws Exception {
        settings.put("serai.nomad.ca-certificate", pem("other", selfSigned("CN=other", newKey())));
        assertIsUnavailable();
    }

    @Test
    void givenNoCertificateOfOurs_whenAsked_thenTheyDoNot() {
        settings.keySet().removeAll(List.of("serai.nomad.client-certificate", "serai.nomad.client-key"));
        assertIsUnavailable();
    }

    private void assertIsUnavailable() {
        try (var beans = new BeanContainer(settings)) {
            Cluster cluster = beans.cluster();
            assertThat(catchThrowableOfType(ProblemException.class, cluster::info)
                            .problem())
                    .isEqualTo(Problem.CLUSTER_UNAVAILABLE);
        }
    }

    private static KeyPair newKey() throws GeneralSecurityException {
        return KeyPairGenerator.getInstance("RSA").generateKeyPair();
    }

    private static X509Certificate selfSigned(String name, KeyPair key)
            throws GeneralSecurityException, OperatorCreationException, IOException {
        var now = Instant.now();
        var builder = new JcaX509v3CertificateBuilder(
                        new X500Name(name),
                        BigInteger.ONE,
                        Date.from(now.minus(Duration.ofMinutes(5))),
                        Date.from(now.plus(Duration.ofHours(1))),
                        new X500Name(name),
                        key.getPublic())
                .addExtension(
                        Extension.subjectAlternativeName,
                        false,
                        new GeneralNames(new GeneralName(GeneralName.iPAddress, "127.0.0.1")));
        var signer = new JcaContentSignerBuilder("SHA256withRSA").build(key.getPrivate());
        return new JcaX509CertificateConverter().getCertificate(builder.build(signer));
    }

    private String pem(String name, Object content) throws IOException {
        var file = files.resolve(name + ".pem");
        try (var writer = new JcaPEMWriter(Files.newBufferedWriter(file))) {
            writer.writeObject(content);
        }
        return file.toString();
    }

    private static HttpsConfigurator wantsToSee(X509Certificate client, X509Certificate own, KeyPair key)
            throws GeneralSecurityException, IOException {
        var keys = KeyStore.getInstance("PKCS12");
        keys.load(null, NO_PASSWORD);
        keys.setKeyEntry("agent", key.getPrivate(), NO_PASSWORD, new X509Certificate[] {own});
        var trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, NO_PASSWORD);
        trusted.setCertificateEntry("client", client);
        var keyManagers = KeyManagerFactory.getInstance("PKIX");
        keyManagers.init(keys, NO_PASSWORD);
        var trustManagers = TrustManagerFactory.getInstance("PKIX");
        trustManagers.init(trusted);
        var context = SSLContext.getInstance("TLS");
        context.init(keyManagers.getKeyManagers(), trustManagers.getTrustManagers(), null);
        return new HttpsConfigurator(context) {
            @Override
            public void configure(HttpsParameters parameters) {
                var wanted = context.getDefaultSSLParameters();
                wanted.setNeedClientAuth(true);
                parameters.setSSLParameters(wanted);
            }
        };
    }
}
