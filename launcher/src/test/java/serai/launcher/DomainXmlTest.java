// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class DomainXmlTest {
    private static final String DOMAIN = """
            <domain><configs><config name="server-config">
              <iiop-service>
                <iiop-listener id="orb-listener-1"/><iiop-listener id="SSL"/><iiop-listener id="SSL_MUTUALAUTH"/>
              </iiop-service>
              <admin-service><jmx-connector name="system" port="8686"/></admin-service>
              <hazelcast-config-specific-configuration/>
              <java-config><jvm-options>-Xmx512m</jvm-options><jvm-options>[24|]-Dnew=1</jvm-options></java-config>
              <network-config><network-listeners>
                <network-listener name="http-listener-1" port="8080"/>
                <network-listener name="http-listener-2" port="8181"/>
                <network-listener name="admin-listener" port="4848"/>
              </network-listeners></network-config>
            </config></configs></domain>
            """;

    private static DomainXml domain(String xml) {
        return DomainXml.read(xml.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void onlyAdministrationIsOpen_onLoopback_andHttpCanBeOpened() {
        var xml = new String(domain(DOMAIN).listeners("127.0.0.1", 1234, 5678).bytes(), StandardCharsets.UTF_8);
        assertThat(xml)
                .contains(
                        "<network-listener address=\"127.0.0.1\" enabled=\"false\" name=\"http-listener-1\" port=\"1234\"/>")
                .contains("<network-listener address=\"127.0.0.1\" name=\"admin-listener\" port=\"5678\"/>")
                .contains("<network-listener enabled=\"false\" name=\"http-listener-2\" port=\"8181\"/>")
                .contains("<jmx-connector enabled=\"false\"")
                .contains("type=\"DISABLED\"");
    }

    @Test
    void itMayBeDoneAgain() {
        var once = domain(DOMAIN).listeners("127.0.0.1", 1, 2).bytes();
        assertThat(DomainXml.read(once).listeners("127.0.0.1", 1, 2).bytes()).isEqualTo(once);
    }

    @Test
    void givenAServerThatKeepsAListenerElsewhere_thenItIsNoticed() {
        assertThatThrownBy(
                        () -> domain(DOMAIN.replace("admin-listener", "moved")).listeners("127.0.0.1", 1, 2))
                .hasMessageContaining("admin-listener");
    }

    @Test
    void anOptionForAnotherJavaIsLeftOut() {
        assertThat(domain(DOMAIN).jvmOptions()).contains("[24|]-Dnew=1");
        assertThat(ServerCommand.forThisJava("[24|]-Dnew=1")).isEqualTo("-Dnew=1");
        assertThat(ServerCommand.forThisJava("[|17]-Dold=1")).isEmpty();
        assertThat(ServerCommand.forThisJava("[Dynamic Code Evolution-11.0.10|]-XX:HotswapAgent=core"))
                .isEmpty();
        assertThat(ServerCommand.forThisJava("-Dall=1")).isEqualTo("-Dall=1");
    }
}
