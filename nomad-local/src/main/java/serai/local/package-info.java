// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/**
 * A single-node agent that answers the Nomad HTTP API, so that the platform runs on a machine without Nomad. It knows nothing
 * of the rest of the platform. {@code job} and {@code plan} decide in values; {@code state}, {@code client} and {@code http}
 * are the shells; {@code control} connects them.
 */
package serai.local;
