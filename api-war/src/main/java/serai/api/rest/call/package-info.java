// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/**
 * Calling functions with JSON. Arguments and results travel as CBOR, which the container's runtime reads and writes;
 * nothing is pickled here, and nothing is unpickled.
 */
package serai.api.rest.call;
