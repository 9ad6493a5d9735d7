// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.call;

/**
 * Arguments on their way in.
 *
 * @param idx the client's own number within the call, from 0
 * @param method of a class; empty for a function
 * @param payload the client's message, serialized
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record NewInput(int idx, String method, byte[] payload) {}
