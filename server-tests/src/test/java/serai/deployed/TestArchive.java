// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.deployed;

import java.io.File;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import org.jboss.arquillian.container.test.api.Testable;
import org.jboss.shrinkwrap.api.ShrinkWrap;
import org.jboss.shrinkwrap.api.asset.StringAsset;
import org.jboss.shrinkwrap.api.importer.ZipImporter;
import org.jboss.shrinkwrap.api.spec.EnterpriseArchive;
import org.jboss.shrinkwrap.api.spec.JavaArchive;
import org.jboss.shrinkwrap.api.spec.WebArchive;

/**
 * The archive that is delivered, without its edges, which have ports and addresses that the real one may have taken. It has
 * tables of its own and a cluster that does not answer. What else it says is from this class and not from the domain.
 */
final class TestArchive {
    private static final String SCHEDULER = "scheduler-ejb.jar";

    /** A port that is reserved, so that nobody listens there. */
    private static final String NOBODY = "http://127.0.0.1:1";

    private static final Set<String> REPLACED =
            Set.of("/" + SCHEDULER, "/rpc-ejb.jar", "/gateway-ejb.jar", "/api-war.war", "/META-INF/application.xml");

    /** Half of the bytes, and some seconds of each deployment. */
    private static final Pattern OF_THE_EDGES =
            Pattern.compile("/lib/(protocol|definition|proto|grpc-|netty-|guava).*");

    private TestArchive() {}

    /** @param tests and what they need; they run in a module of their own */
    static EnterpriseArchive with(Class<?>... tests) {
        var ear = ShrinkWrap.create(ZipImporter.class, "serai-server-tests.ear")
                .importFrom(new File(System.getProperty("serai.ear")))
                .as(EnterpriseArchive.class);
        var scheduler = ear.getAsType(JavaArchive.class, SCHEDULER)
                .addAsManifestResource(new StringAsset(dataSource(TestSchema.recreated())), "ejb-jar.xml");
        for (var path : List.copyOf(ear.getContent().keySet())) {
            if (REPLACED.contains(path.get())
                    || OF_THE_EDGES.matcher(path.get()).matches()) {
                ear.delete(path);
            }
        }
        return ear.addAsModule(scheduler)
                .addAsModule(Testable.archiveToTest(war(tests)))
                .addAsLibrary(ShrinkWrap.create(JavaArchive.class, "options.jar")
                        .addClasses(NoOptions.class, NoCpuLimits.class)
                        .addAsManifestResource(new StringAsset(BEANS), "beans.xml"))
                .addAsLibrary(ShrinkWrap.create(JavaArchive.class, "settings.jar")
                        .addAsManifestResource(new StringAsset(settings()), "microprofile-config.properties"))
                .setApplicationXML(new StringAsset(APPLICATION));
    }

    private static WebArchive war(Class<?>... tests) {
        return ShrinkWrap.create(WebArchive.class, "server-tests.war")
                .addClasses(tests)
                .addAsLibrary(jarOf("org.assertj.core.api.Assertions"))
                .addAsWebInfResource(new StringAsset(BEANS), "beans.xml");
    }

    private static File jarOf(String type) {
        try {
            return new File(Class.forName(type)
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
        } catch (ClassNotFoundException | URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Above the environment and the domain's properties, which are the real one's. */
    private static String settings() {
        return """
                config_ordinal=1000
                serai.nomad.address=%s
                serai.call.max-losses=5
                """.formatted(NOBODY);
    }

    /** A descriptor outweighs the annotation of the same name. */
    private static String dataSource(TestSchema schema) {
        return """
                <ejb-jar xmlns="https://jakarta.ee/xml/ns/jakartaee" version="4.0">
                  <enterprise-beans>
                    <session>
                      <ejb-name>ServerResources</ejb-name>
                      <data-source>
                        <name>java:app/jdbc/serai</name>
                        <class-name>org.postgresql.ds.PGConnectionPoolDataSource</class-name>
                        <url>%s</url>
                        <user>%s</user>
                        <password>%s</password>
                      </data-source>
                    </session>
                  </enterprise-beans>
                </ejb-jar>
                """.formatted(escaped(schema.url()), escaped(schema.user()), escaped(schema.password()));
    }

    private static String escaped(String text) {
        return Objects.requireNonNull(text).replace("&", "&amp;").replace("<", "&lt;");
    }

    private static final String APPLICATION = """
            <application xmlns="https://jakarta.ee/xml/ns/jakartaee" version="11">
              <application-name>serai-server-tests</application-name>
              <module><ejb>scheduler-ejb.jar</ejb></module>
              <module><web><web-uri>server-tests.war</web-uri><context-root>/server-tests</context-root></web></module>
              <library-directory>lib</library-directory>
            </application>
            """;

    private static final String BEANS = """
            <beans xmlns="https://jakarta.ee/xml/ns/jakartaee" version="4.1" bean-discovery-mode="annotated"/>
            """;
}
