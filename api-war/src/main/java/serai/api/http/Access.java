// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.http;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Who may call a resource. One without it is closed to everyone. */
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.METHOD})
public @interface Access {
    By value();

    /** How a caller proves itself, always as {@code Authorization: Bearer …}. */
    enum By {
        /** A workspace's token: id, a dot, secret. */
        TOKEN,
        /** The setting {@code serai.admin.token}. */
        ADMIN,
        /** What a runner was given for its container: id, a dot, secret. */
        CONTAINER,
        /** What a runner was given for the build of an image: id, a dot, secret. */
        BUILD,
        /** One of the last two. */
        RUNNER,
        /** The resource looks for itself, or shows what everyone may see. */
        ITSELF
    }
}
