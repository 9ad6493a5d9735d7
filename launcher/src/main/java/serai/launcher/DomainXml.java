// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.transform.TransformerException;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import javax.xml.xpath.XPathConstants;
import javax.xml.xpath.XPathExpressionException;
import javax.xml.xpath.XPathFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/**
 * The server's configuration. It is set before the start and in the file itself: the listeners that we do not want never open
 * (some of them, such as JMS, are written there only on first use and cannot be reached by a boot script), and a start spends no time on it.
 * Each place must be found exactly once, so that a new version of the server that moved one is noticed.
 */
final class DomainXml {
    private static final String CONFIG = "/domain/configs/config[@name='server-config']";

    /** The setting, as the server's administration names it, that opens and closes HTTP. */
    static final String HTTP_ENABLED = "configs.config.server-config.network-config.network-listeners"
            + ".network-listener.http-listener-1.enabled";

    private final Document document;

    private DomainXml(Document document) {
        this.document = document;
    }

    static DomainXml read(byte[] xml) {
        try {
            var factory = DocumentBuilderFactory.newInstance();
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            return new DomainXml(factory.newDocumentBuilder().parse(new ByteArrayInputStream(xml)));
        } catch (ParserConfigurationException | SAXException | IOException e) {
            throw Failure.from(e, "the server's domain.xml is not readable: %s", e.getMessage());
        }
    }

    static DomainXml read(Path file) throws IOException {
        return read(Files.readAllBytes(file));
    }

    /** Administration, and HTTP that is closed until somebody opens it; nothing else. */
    DomainXml listeners(String httpHost, int httpPort, int adminPort) {
        listener("http-listener-1").setAttribute("address", httpHost);
        listener("http-listener-1").setAttribute("port", Integer.toString(httpPort));
        listener("http-listener-1").setAttribute("enabled", "false");
        listener("http-listener-2").setAttribute("enabled", "false");
        listener("admin-listener").setAttribute("address", "127.0.0.1");
        listener("admin-listener").setAttribute("port", Integer.toString(adminPort));
        for (var id : List.of("orb-listener-1", "SSL", "SSL_MUTUALAUTH")) {
            one(CONFIG + "/iiop-service/iiop-listener[@id='" + id + "']").setAttribute("enabled", "false");
        }
        one(CONFIG + "/admin-service/jmx-connector[@name='system']").setAttribute("enabled", "false");
        one(CONFIG + "/hazelcast-config-specific-configuration").setAttribute("enabled", "false");
        jms().setAttribute("type", "DISABLED");
        return this;
    }

    private Element listener(String name) {
        return one(CONFIG + "/network-config/network-listeners/network-listener[@name='" + name + "']");
    }

    private Element jms() {
        var there = all(CONFIG + "/jms-service");
        if (!there.isEmpty()) {
            return there.getFirst();
        }
        var config = one(CONFIG);
        var jms = document.createElement("jms-service");
        jms.setAttribute("default-jms-host", "default_JMS_host");
        var host = document.createElement("jms-host");
        host.setAttribute("name", "default_JMS_host");
        host.setAttribute("host", "127.0.0.1");
        host.setAttribute("lazy-init", "true");
        jms.appendChild(host);
        config.appendChild(jms);
        return jms;
    }

    boolean hasApplication(String name) {
        return !all("/domain/applications/application[@name='" + name + "']").isEmpty();
    }

    List<String> jvmOptions() {
        return all(CONFIG + "/java-config/jvm-options").stream()
                .map(Element::getTextContent)
                .map(String::strip)
                .toList();
    }

    byte[] bytes() {
        try {
            var out = new ByteArrayOutputStream();
            TransformerFactory.newInstance().newTransformer().transform(new DOMSource(document), new StreamResult(out));
            return out.toByteArray();
        } catch (TransformerException e) {
            throw new IllegalStateException(e);
        }
    }

    private Element one(String path) {
        var found = all(path);
        if (found.size() != 1) {
            throw new IllegalStateException("domain.xml has " + found.size() + " of " + path);
        }
        return found.getFirst();
    }

    private List<Element> all(String path) {
        try {
            var nodes =
                    (NodeList) XPathFactory.newInstance().newXPath().evaluate(path, document, XPathConstants.NODESET);
            var elements = new ArrayList<Element>();
            for (int i = 0; i < nodes.getLength(); i++) {
                elements.add((Element) nodes.item(i));
            }
            return elements;
        } catch (XPathExpressionException e) {
            throw new IllegalStateException(path, e);
        }
    }
}
