// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import jakarta.ejb.MessageDriven;
import jakarta.ejb.Singleton;
import jakarta.ejb.Stateful;
import jakarta.ejb.Stateless;
import jakarta.persistence.Embeddable;
import jakarta.persistence.Entity;

/** Kinds of classes that rules speak of. */
final class Classes {
    static final DescribedPredicate<JavaClass> KEPT_BY_JPA = DescribedPredicate.describe(
            "entities and embeddables",
            type -> type.isAnnotatedWith(Entity.class) || type.isAnnotatedWith(Embeddable.class));

    static final DescribedPredicate<JavaClass> ENTERPRISE_BEANS = DescribedPredicate.describe(
            "enterprise beans",
            type -> type.isAnnotatedWith(Singleton.class)
                    || type.isAnnotatedWith(Stateless.class)
                    || type.isAnnotatedWith(Stateful.class)
                    || type.isAnnotatedWith(MessageDriven.class));

    private Classes() {}

    static DescribedPredicate<JavaClass> notOursOutsideOf(String root) {
        return DescribedPredicate.describe(
                "are in " + root + " or not ours",
                type -> !type.getPackageName().startsWith("serai.")
                        || type.getPackageName().startsWith(root));
    }
}
