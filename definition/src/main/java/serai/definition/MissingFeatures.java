// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.definition;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import modal.client.Function;

/** What a function asks for and the platform does not have: by the names of parameters, with what to do instead. */
final class MissingFeatures {
    private static final String NO_CHOICE =
            "leave it out, containers run in the datacenters and the node pool of the server's settings";

    private static final String CLIENTS_CLOUD =
            " (it may come from default_cloud of ~/.modal.toml, or from MODAL_DEFAULT_CLOUD)";

    /** Of the client's parameter: what asks for no provider. */
    private static final String ANY_CLOUD = "auto";

    /** What the client sends for a server whose author has not chosen. */
    private static final String CLIENTS_REGION = "us-east";

    private final Function function;
    private final List<String> missing = new ArrayList<>();

    private MissingFeatures(Function function) {
        this.function = function;
    }

    /** @return for people, empty if all of it can be given */
    static List<String> of(Function function) {
        var features = new MissingFeatures(function);
        features.placement();
        features.objects();
        features.network();
        features.scaling();
        features.running();
        return features.missing;
    }

    /**
     * Of a variant. Its base was accepted, be it by a version that did not refuse what this one does, and goes on.
     *
     * @return for people, empty if the base asks for all of it too
     */
    static List<String> beyond(Function base, Function variant) {
        var accepted = of(base);
        return of(variant).stream().filter(name -> !accepted.contains(name)).toList();
    }

    private void placement() {
        var cloud = function.getCloudProviderStr();
        check(!cloud.isEmpty() && !cloud.equals(ANY_CLOUD), "cloud: " + NO_CHOICE + CLIENTS_CLOUD);
        var placement = function.getSchedulerPlacement();
        check(placement.getRegionsCount() > 0, "region: " + NO_CHOICE);
        check(!placement.getZone().isEmpty(), "zone: " + NO_CHOICE);
        check(!placement.getLifecycle().isEmpty(), "spot: " + NO_CHOICE);
        check(placement.getInstanceTypesCount() > 0, "instance_type: " + NO_CHOICE);
        check(hasRoutingRegion(), "routing_region: leave it out, inputs and requests go through the server itself");
        check(
                placement.getNonpreemptible(),
                "nonpreemptible: leave it out, inputs of a container that the cluster preempts run again elsewhere");
        check(function.getResources().getRdma(), "rdma");
    }

    private boolean hasRoutingRegion() {
        return Stream.concat(
                        Stream.of(function.getRoutingRegion()), function.getHttpConfig().getProxyRegionsList().stream())
                .anyMatch(region -> !region.isEmpty() && !(function.getIsServer() && region.equals(CLIENTS_REGION)));
    }

    private void objects() {
        check(function.getVolumeMountsCount() > 0, "volumes");
        check(function.getCloudBucketMountsCount() + function.getS3MountsCount() > 0, "cloud bucket mounts");
        check(function.getSharedVolumeMountsCount() > 0, "network file systems");
        check(function.hasProxyId(), "proxies");
    }

    private void network() {
        boolean isClustered = function.getExperimentalGroupSize() > 0;
        check(hasUnknownNetworkRules(), "lists of domains that it may reach");
        check(function.getUntrusted(), "restrict_modal_access");
        check(isClustered, "clustered functions");
        check(
                function.getI6PnEnabled() && !isClustered,
                "i6pn: leave it out, containers have no network among themselves");
        check(!function.getIsServer() && function.hasHttpConfig(), "experimental.http_server: use app.server");
        check(function.getIsSessioned(), "sessions of a server");
        check(function.getHttpConfig().hasLiftAndShiftConfig(), "servers without a class");
        check(
                function.getHttpConfig().getH2Enabled(),
                "h2_enabled: leave it out, a server is asked in HTTP/1.1 whatever its clients speak");
    }

    /** What a domain leads to is known where it is asked for only. */
    private boolean hasUnknownNetworkRules() {
        var access = function.getNetworkAccess();
        return switch (access.getNetworkAccessType()) {
            case UNSPECIFIED, OPEN, BLOCKED -> false;
            case ALLOWLIST -> access.getAllowedDomainsCount() > 0;
            case UNRECOGNIZED -> true;
        };
    }

    private void scaling() {
        check(function.getMaxInputs() > 1, "max_inputs of more than one input for a container");
        check(function.getIsServer() && function.getAutoscalerSettings().hasScaleupWindow(), "scaleup_window");
    }

    private void running() {
        check(function.hasPtyInfo() && function.getPtyInfo().getEnabled(), "interactive mode (-i)");
        function.getExperimentalOptionsMap().keySet().stream()
                .filter(option -> !Snapshots.isOption(option))
                .sorted()
                .forEach(option -> missing.add("experimental_options: leave out '%s'".formatted(option)));
    }

    private void check(boolean used, String name) {
        if (used) {
            missing.add(name);
        }
    }
}
