// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.deployment;

import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import modal.client.CustomDomainConfig;
import modal.client.WebhookConfig;
import modal.client.WebhookType;
import serai.api.rest.json.Fields;

/** Reads how a function is called by HTTP: what the client's decorators of the same names say. */
final class WebRequest {
    private static final Map<String, WebhookType> TYPES = new TreeMap<>(Map.of(
            "asgi_app", WebhookType.WEBHOOK_TYPE_ASGI_APP,
            "wsgi_app", WebhookType.WEBHOOK_TYPE_WSGI_APP,
            "fastapi_endpoint", WebhookType.WEBHOOK_TYPE_FUNCTION,
            "web_server", WebhookType.WEBHOOK_TYPE_WEB_SERVER));

    private static final Pattern METHOD = Pattern.compile("GET|POST|PUT|DELETE|PATCH|HEAD|OPTIONS");
    private static final int MAX_LABEL = 63;
    private static final int MAX_DOMAINS = 16;
    private static final int MAX_PORT = 65_535;
    private static final int MAX_STARTUP_S = 3_600;
    private static final int DEFAULT_STARTUP_S = 5;

    private WebRequest() {}

    static WebhookConfig read(Fields fields) {
        var type = fields.text("type", MAX_LABEL)
                .map(name -> type(fields, name))
                .orElseThrow(() -> fields.missing("type"));
        var config = WebhookConfig.newBuilder().setType(type);
        fields.text("label", MAX_LABEL).ifPresent(config::setRequestedSuffix);
        fields.strings("domains", MAX_DOMAINS, "the name of a host")
                .forEach(domain ->
                        config.addCustomDomains(CustomDomainConfig.newBuilder().setName(domain)));
        fields.bool("requires_proxy_auth").ifPresent(config::setRequiresProxyAuth);
        if (type == WebhookType.WEBHOOK_TYPE_FUNCTION) {
            config.setMethod(fields.text("method", MAX_LABEL, METHOD, "a method of HTTP, in capitals")
                    .orElse("GET"));
            fields.bool("docs").ifPresent(config::setWebEndpointDocs);
        }
        if (type == WebhookType.WEBHOOK_TYPE_WEB_SERVER) {
            config.setWebServerPort(fields.integer("port", 1, MAX_PORT).orElseThrow(() -> fields.missing("port")));
            config.setWebServerStartupTimeout(fields.number("startup_timeout_s", 0.1, MAX_STARTUP_S)
                    .orElse((double) DEFAULT_STARTUP_S)
                    .floatValue());
        }
        return config.build();
    }

    private static WebhookType type(Fields fields, String name) {
        if (!TYPES.containsKey(name)) {
            throw fields.refused("type", "\"%s\"; there are: %s", name, String.join(", ", TYPES.keySet()));
        }
        return TYPES.get(name);
    }
}
