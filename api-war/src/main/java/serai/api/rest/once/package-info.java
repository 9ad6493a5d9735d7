// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** The header {@code Idempotency-Key} (draft-ietf-httpapi-idempotency-key-header-07). What is done once is not here. */
package serai.api.rest.once;
