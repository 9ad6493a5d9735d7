// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/**
 * Deploying over REST: sources and what each function needs, made into the definition that the client would have sent.
 * How definitions are read is not here.
 */
package serai.api.rest.deployment;
