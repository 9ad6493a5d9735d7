// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.definition;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import modal.client.Function;
import modal.client.MethodDefinition;
import modal.client.WebUrlInfo;
import modal.client.WebhookConfig;
import modal.client.WebhookType;
import serai.app.App;
import serai.app.Apps;
import serai.config.GatewayConfig;
import serai.problem.Problem;
import serai.web.WebEndpoints;
import serai.workspace.Tenant;
import serai.workspace.Workspaces;

/** Under which addresses functions and methods are called by HTTP, for every edge. */
@ApplicationScoped
public class WebNames {
    private static final Pattern LABEL = Pattern.compile("[a-z0-9](?:[a-z0-9-]*[a-z0-9])?");
    private static final Pattern DOMAIN =
            Pattern.compile("(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z0-9-]{2,63}");
    private static final String SUFFIX = "dev";

    private final WebEndpoints endpoints;
    private final Apps apps;
    private final Workspaces workspaces;
    private final GatewayConfig settings;

    @Inject
    public WebNames(WebEndpoints endpoints, Apps apps, Workspaces workspaces, GatewayConfig settings) {
        this.endpoints = endpoints;
        this.apps = apps;
        this.workspaces = workspaces;
        this.settings = settings;
    }

    public WebNames() {
        this(null, null, null, null); // for the server's proxy
    }

    /** @param domains of the user's own, lower case */
    public record WebName(String label, String url, WebUrlInfo info, List<String> domains) {
        List<String> all() {
            var all = new ArrayList<>(domains);
            all.add(label);
            return all;
        }
    }

    /** @return by method, the empty one for the function itself; without those that are not called by HTTP */
    Map<String, WebName> of(Tenant tenant, String appId, Function function) {
        var name = function.getFunctionName();
        return function.getIsServer()
                ? Map.of("", name(tenant, appId, name, name, WebhookConfig.getDefaultInstance()))
                : of(tenant, appId, name, function.getWebhookConfig(), function.getMethodDefinitionsMap());
    }

    /** The same before there is a definition. */
    public Map<String, WebName> of(
            Tenant tenant,
            String appId,
            String functionName,
            WebhookConfig config,
            Map<String, MethodDefinition> methods) {
        var names = new HashMap<String, WebName>();
        if (isWeb(config)) {
            names.put("", name(tenant, appId, functionName, functionName, config));
        }
        methods.forEach((method, definition) -> {
            if (isWeb(definition.getWebhookConfig())) {
                var base = functionName.replaceFirst("\\.\\*$", "") + "-" + method;
                names.put(method, name(tenant, appId, functionName, base, definition.getWebhookConfig()));
            }
        });
        return names;
    }

    private static boolean isWeb(WebhookConfig config) {
        return config.getType() != WebhookType.WEBHOOK_TYPE_UNSPECIFIED;
    }

    private WebName name(Tenant tenant, String appId, String functionName, String part, WebhookConfig config) {
        var app = apps.get(tenant, appId);
        var appName = app.name() == null ? app.description() : app.name();
        var label = config.getRequestedSuffix();
        if (!label.isEmpty() && !LABEL.matcher(label).matches()) {
            throw Problem.INVALID_ARGUMENT.because(
                    "label \"%s\" of function '%s': lower-case letters, digits and dashes are allowed, no dash first or last",
                    label, functionName);
        }
        var claim = endpoints.claim(
                new WebEndpoints.Claimant(tenant.workspaceId(), app.environmentId(), appName, functionName),
                space(tenant, app),
                label.isEmpty() ? appName + "-" + part : label,
                suffix(app, config),
                !label.isEmpty());
        var info = WebUrlInfo.newBuilder()
                .setTruncated(claim.label().truncated())
                .setHasUniqueHash(claim.label().unique())
                .setLabelStolen(claim.stolen())
                .build();
        var text = claim.label().text();
        return new WebName(text, settings.url().replace("{label}", text), info, domains(tenant, config));
    }

    private String space(Tenant tenant, App app) {
        var environment = workspaces.environment(app.environmentId());
        return environment.isStandard() ? tenant.workspaceName() : tenant.workspaceName() + "-" + environment.name();
    }

    /** Only apps that live as long as their client have one. */
    private static String suffix(App app, WebhookConfig config) {
        return switch (app.state()) {
            case EPHEMERAL, DETACHED, DETACHED_DISCONNECTED ->
                config.getEphemeralSuffix().isEmpty() ? SUFFIX : config.getEphemeralSuffix();
            case INITIALIZING, DEPLOYED, STOPPING, STOPPED -> "";
        };
    }

    private List<String> domains(Tenant tenant, WebhookConfig config) {
        var domains = config.getCustomDomainsList().stream()
                .map(domain -> domain.getName().toLowerCase(Locale.ROOT))
                .distinct()
                .toList();
        for (var domain : domains) {
            if (!DOMAIN.matcher(domain).matches()) {
                throw Problem.INVALID_ARGUMENT.because("custom domain \"%s\" is not the name of a host", domain);
            }
            if (endpoints
                    .find(domain)
                    .filter(holder -> !holder.workspaceId().equals(tenant.workspaceId()))
                    .isPresent()) {
                throw Problem.PERMISSION_DENIED.because("custom domain \"%s\" is another workspace's", domain);
            }
        }
        return domains;
    }

    /** The client's definition with the addresses in it: it prints them. */
    static Function addressed(Function function, Map<String, WebName> names) {
        if (names.isEmpty()) {
            return function;
        }
        var addressed = function.toBuilder();
        names.forEach((method, name) -> {
            if (function.getIsServer()) {
                addressed
                        .clearFlashServiceUrls()
                        .addFlashServiceUrls(name.url())
                        .setFlashServiceLabel(name.label());
            } else if (method.isEmpty()) {
                addressed.setWebUrl(name.url()).setWebUrlInfo(name.info());
            } else {
                addressed.putMethodDefinitions(
                        method,
                        function.getMethodDefinitionsOrThrow(method).toBuilder()
                                .setWebUrl(name.url())
                                .setWebUrlInfo(name.info())
                                .build());
            }
        });
        return addressed.build();
    }
}
