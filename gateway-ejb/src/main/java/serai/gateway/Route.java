// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import modal.client.WebhookConfig;
import serai.web.WebEndpoint;

/**
 * Where a request goes.
 *
 * @param config of the function, or of its method
 * @param root what of the path led here, and is not the function's to see; empty when the host did
 * @param path of the rest, as it was sent
 */
record Route(WebEndpoint endpoint, WebhookConfig config, String root, String path) {}
