// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import java.util.List;
import java.util.Optional;
import modal.client.ClassParameterSpec;
import modal.client.WebhookConfig;
import serai.web.WebEndpoint;

/**
 * Where a request goes.
 *
 * @param config of the function, or of its method
 * @param pickled whether its runtime reads pickles only: those before 1.2, whose clients name no formats
 * @param parameters that its class declares: the request says what they are; empty for a function
 * @param server what its containers take at a time, if they serve HTTP by themselves; empty for those that are called
 * @param root what of the path led here, and is not the function's to see; empty when the host did
 * @param path of the rest, as it was sent
 */
record Route(
        WebEndpoint endpoint,
        WebhookConfig config,
        boolean pickled,
        List<ClassParameterSpec> parameters,
        Optional<Balancer.Limits> server,
        String root,
        String path) {}
