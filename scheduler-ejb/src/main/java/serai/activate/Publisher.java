// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.activate;

import jakarta.enterprise.context.ApplicationScoped;
import serai.app.App;

/** For the edges: an app was published, or is to end. */
@ApplicationScoped
public class Publisher {
    /** Call it after the publication is committed. Returns as soon as the pools are there; the rest is background. */
    public void published(App app) {
        throw new UnsupportedOperationException("follows");
    }

    /** Begins the end of an app, whether or not it was begun before. Returns at once. Call it outside of transactions. */
    public void stopped(String appId) {
        throw new UnsupportedOperationException("follows");
    }
}
