// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/**
 * Functions that are called by HTTP. Each request is a call whose one input describes the request and whose streams carry the
 * rest of it and the answer; or it is passed straight to a container that serves HTTP by itself. Inside: the listener, what HTTP
 * asks of a server in the middle, and the ways from a request to a call and to a container's door. Not here: names of endpoints
 * ({@code serai.web}), the queue ({@code serai.call}), containers.
 */
package serai.gateway;
