// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.secret;

import jakarta.persistence.Embeddable;

/**
 * Something encrypted, as it is kept.
 *
 * @param keyId of the master key that wraps the data key
 * @param wrappedKey the data key, encrypted under the master key
 * @param content encrypted under the data key
 */
@Embeddable
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
record Sealed(String keyId, byte[] wrappedKey, byte[] content) {}
