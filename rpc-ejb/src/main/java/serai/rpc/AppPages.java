// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import serai.config.HttpConfig;

/** Where people look at an app. */
@ApplicationScoped
class AppPages {
    private final HttpConfig http;

    @Inject
    AppPages(HttpConfig http) {
        this.http = http;
    }

    AppPages() {
        this(null); // for the server's proxy
    }

    String of(String appId) {
        return http.url().resolve("/api/v1/apps/" + appId).toString();
    }

    String all() {
        return http.url().resolve("/api/v1/apps").toString();
    }
}
