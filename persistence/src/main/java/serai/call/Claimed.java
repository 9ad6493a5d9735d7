// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.call;

/**
 * An input in the hands of a container.
 *
 * @param attempt from 1; a result must name it
 * @param method of a class; empty for a function
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record Claimed(String inputId, String callId, int invocation, int attempt, String method, byte[] payload) {}
