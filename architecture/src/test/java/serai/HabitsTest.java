// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import jakarta.ejb.Schedule;
import jakarta.ejb.TransactionManagement;
import jakarta.ejb.TransactionManagementType;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Calendar;
import java.util.Date;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** How our classes are made, as far as byte code and folders show it. CONTRIBUTING.md says it in words. */
@AnalyzeClasses(locations = Modules.class)
class HabitsTest {
    @ArchTest
    static final ArchRule entities_change_by_verbs = noMethods()
            .that()
            .areDeclaredInClassesThat(Classes.KEPT_BY_JPA)
            .and()
            .arePublic()
            .should()
            .haveNameMatching("set[A-Z].*");

    @ArchTest
    static final ArchRule what_entities_hold_is_private = fields().that()
            .areDeclaredInClassesThat(Classes.KEPT_BY_JPA)
            .and()
            .areNotStatic()
            .should()
            .bePrivate();

    @ArchTest
    static final ArchRule time_is_an_instant = noClasses()
            .should()
            .dependOnClassesThat(DescribedPredicate.describe(
                    "are Date or Calendar",
                    type -> type.isEquivalentTo(Date.class) || type.isEquivalentTo(Calendar.class)));

    @ArchTest
    static final ArchRule beans_are_made_by_their_constructor = noFields()
            .that()
            .areDeclaredInClassesThat(DescribedPredicate.not(mayHaveFieldsInjected()))
            .should()
            .beAnnotatedWith(Inject.class);

    /** The server makes enterprise beans without arguments; settings are fields with a key each. */
    private static DescribedPredicate<JavaClass> mayHaveFieldsInjected() {
        return Classes.ENTERPRISE_BEANS.or(DescribedPredicate.describe(
                "settings", type -> type.getPackageName().equals("serai.config")));
    }

    @ArchTest
    static final ArchRule timers_begin_no_transaction = methods()
            .that()
            .areAnnotatedWith(Schedule.class)
            .should()
            .beDeclaredInClassesThat(DescribedPredicate.describe(
                    "manage their transactions",
                    type -> type.isAnnotatedWith(TransactionManagement.class)
                            && type.getAnnotationOfType(TransactionManagement.class)
                                            .value()
                                    == TransactionManagementType.BEAN))
            .because(
                    "the server takes a timer away for good after two ticks whose transaction failed, and begins one for methods "
                            + "that are not public, whatever TransactionAttribute the class has");

    @ArchTest
    static final ArchRule a_class_is_a_noun = noClasses()
            .that()
            .doNotHaveSimpleName("PackageManager") // the world's word for it
            .should()
            .haveSimpleNameEndingWith("Util")
            .orShould()
            .haveSimpleNameEndingWith("Utils")
            .orShould()
            .haveSimpleNameEndingWith("Manager")
            .orShould()
            .haveSimpleNameEndingWith("Helper")
            .orShould()
            .haveSimpleNameEndingWith("Impl")
            .orShould()
            .haveSimpleNameStartingWith("Abstract")
            .because("each of these hides a noun that was not found yet");

    @ArchTest
    static final ArchRule the_server_logs_through_the_platform = noClasses()
            .that()
            .resideOutsideOfPackages("serai.local..", "serai.launcher..") // programs of their own
            .and()
            .haveNameNotMatching(
                    "serai\\.gateway\\.Journal(\\$.*)?") // its files are another log, which the JDK rotates
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.util.logging..", "org.slf4j..", "org.apache.commons.logging..")
            .because("System.Logger is there, and the server shows what it gets");

    @Test
    void everyPackageSaysWhatIsInside() {
        for (var module : Modules.sources()) {
            for (var folder : packages(module)) {
                assertThat(module.resolve(folder).resolve("package-info.java")).exists();
            }
        }
    }

    @Test
    void aPackageBelongsToOneModule() {
        Map<Path, Set<String>> owners = Modules.sources().stream()
                .flatMap(module -> packages(module).stream().map(folder -> Map.entry(folder, Modules.nameOf(module))))
                .collect(groupingBy(Map.Entry::getKey, TreeMap::new, mapping(Map.Entry::getValue, toSet())));
        assertThat(owners.values()).allSatisfy(modules -> assertThat(modules).hasSize(1));
    }

    /** @return folders with sources, relative to the module's */
    private static Set<Path> packages(Path module) {
        try (Stream<Path> files = Files.walk(module)) {
            return files.filter(file -> file.toString().endsWith(".java"))
                    .map(file -> module.relativize(file.getParent()))
                    .collect(toSet());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
