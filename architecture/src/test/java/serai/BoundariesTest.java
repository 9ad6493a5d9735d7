// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Arrays;
import java.util.stream.Stream;

/** Who may know whom. docs/architecture.md has the picture. */
@AnalyzeClasses(locations = Modules.class)
class BoundariesTest {
    private static final String[] EDGES = {"serai.rpc..", "serai.api..", "serai.gateway.."};
    private static final String[] SCHEDULER = {
        "serai.activate..",
        "serai.autoscale..",
        "serai.build..",
        "serai.cron..",
        "serai.exchange..",
        "serai.explain..",
        "serai.reap..",
        "serai.runner..",
        "serai.health..",
        "serai.server.."
    };
    private static final String ADAPTER = "serai.nomad..";

    /** What every edge may know of the wire. */
    private static final String[] PROTOCOL = {"serai.protocol..", "serai.definition.."};

    /** Programs of their own. */
    private static final String AGENT = "serai.local..";

    private static final String LAUNCHER = "serai.launcher..";

    @ArchTest
    static final ArchRule features_form_a_tree =
            slices().matching("serai.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule parts_of_the_agent_form_a_tree =
            slices().matching("serai.local.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule parts_of_the_rest_api_form_a_tree =
            slices().matching("serai.api.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule nomad_stays_in_its_adapter = noClasses()
            .that()
            .resideOutsideOfPackage(ADAPTER)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("com.hashicorp..", "org.apache.http..", "org.bouncycastle..")
            .because("the SDK is old: replacing it shall touch one module");

    @ArchTest
    static final ArchRule the_server_has_one_jackson = noClasses()
            .that()
            .resideOutsideOfPackages(ADAPTER, AGENT, LAUNCHER)
            .should()
            .dependOnClassesThat()
            .resideInAPackage("com.fasterxml.jackson..")
            .because("it is there for the Nomad SDK, in the version that the SDK needs");

    @ArchTest
    static final ArchRule nobody_sees_the_adapter = noClasses()
            .that()
            .resideOutsideOfPackage(ADAPTER)
            .should()
            .dependOnClassesThat()
            .resideInAPackage(ADAPTER)
            .because("the server puts it behind serai.cluster.Cluster");

    @ArchTest
    static final ArchRule the_adapter_sees_the_domain_only = noClasses()
            .that()
            .resideInAPackage(ADAPTER)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(and(SCHEDULER, and(EDGES, PROTOCOL)));

    @ArchTest
    static final ArchRule the_domain_sees_nobody = noClasses()
            .that()
            .resideOutsideOfPackages(and(SCHEDULER, and(EDGES, and(PROTOCOL, ADAPTER))))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(and(SCHEDULER, and(EDGES, and(PROTOCOL, ADAPTER))));

    @ArchTest
    static final ArchRule the_scheduler_sees_no_edge = noClasses()
            .that()
            .resideInAnyPackage(SCHEDULER)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(and(EDGES, PROTOCOL));

    @ArchTest
    static final ArchRule the_rpcs_call_no_other_edge = noClasses()
            .that()
            .resideInAPackage("serai.rpc..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("serai.api..", "serai.gateway..");

    @ArchTest
    static final ArchRule the_rest_api_calls_no_other_edge = noClasses()
            .that()
            .resideInAPackage("serai.api..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("serai.rpc..", "serai.gateway..");

    @ArchTest
    static final ArchRule the_gateway_calls_no_other_edge = noClasses()
            .that()
            .resideInAPackage("serai.gateway..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("serai.rpc..", "serai.api..");

    @ArchTest
    static final ArchRule sockets_stay_with_those_who_listen = noClasses()
            .that()
            .resideOutsideOfPackages("serai.rpc..", "serai.gateway..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.netty..");

    @ArchTest
    static final ArchRule the_wire_stays_at_the_edges = noClasses()
            .that()
            .resideOutsideOfPackages(and(EDGES, and(PROTOCOL, "modal..")))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("modal..", "io.grpc..", "com.google.protobuf..");

    @ArchTest
    static final ArchRule rest_stays_in_its_module = noClasses()
            .that()
            .resideOutsideOfPackage("serai.api..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("jakarta.ws.rs..");

    @ArchTest
    static final ArchRule the_agent_knows_nothing_of_ours = classes()
            .that()
            .resideInAPackage(AGENT)
            .should()
            .onlyDependOnClassesThat(Classes.notOursOutsideOf("serai.local"));

    @ArchTest
    static final ArchRule the_launcher_starts_and_never_imports = classes()
            .that()
            .resideInAPackage(LAUNCHER)
            .should()
            .onlyDependOnClassesThat(Classes.notOursOutsideOf("serai.launcher"));

    @ArchTest
    static final ArchRule sql_stays_with_the_domain = noClasses()
            .that()
            .resideInAnyPackage(EDGES)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.jdbi..", "jakarta.persistence..", "org.hibernate..", "javax.sql..");

    private static String[] and(String[] some, String... others) {
        return Stream.of(some, others).flatMap(Arrays::stream).toArray(String[]::new);
    }
}
