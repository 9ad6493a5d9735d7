// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.inject.Produces;
import jakarta.enterprise.inject.se.SeContainer;
import jakarta.enterprise.inject.se.SeContainerInitializer;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.Map;
import org.eclipse.microprofile.metrics.MetricRegistry;
import org.eclipse.microprofile.metrics.annotation.RegistryType;
import serai.cluster.Cluster;
import serai.function.Definition;
import serai.function.OptionReader;
import serai.workspace.Tenant;

/** Our beans as a server has them: proxies, interceptors, settings from the configuration. */
final class BeanContainer implements AutoCloseable {
    private final Map<String, String> settings;
    private final SeContainer container;

    BeanContainer(Map<String, String> settings) {
        this.settings = new HashMap<>(settings);
        this.settings.put("MP_Fault_Tolerance_Metrics_Enabled", "false");
        this.settings.forEach(System::setProperty);
        container = SeContainerInitializer.newInstance()
                .addBeanClasses(NoMetrics.class, NoOptions.class)
                .initialize();
    }

    Cluster cluster() {
        return container.select(Cluster.class).get();
    }

    @Override
    public void close() {
        container.close();
        settings.keySet().forEach(System::clearProperty);
    }

    /** What an edge brings: the cluster reads no client's messages. */
    @Dependent
    static class NoOptions implements OptionReader {
        @Override
        public Derived apply(Definition base, byte[] options) {
            throw new UnsupportedOperationException("no options here");
        }

        @Override
        public void mustExist(Tenant tenant, Definition.Duties duties) {
            throw new UnsupportedOperationException("no options here");
        }
    }

    /** What SmallRye wants to have injected, and does not use. */
    @Dependent
    static class NoMetrics {
        @Produces
        @RegistryType(type = MetricRegistry.Type.BASE)
        MetricRegistry registry() {
            return (MetricRegistry) Proxy.newProxyInstance(
                    getClass().getClassLoader(),
                    new Class<?>[] {MetricRegistry.class},
                    (proxy, method, arguments) -> null);
        }
    }
}
