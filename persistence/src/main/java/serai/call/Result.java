// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.call;

/**
 * What a container says became of an input.
 *
 * @param attempt the one it was given; an older one is refused
 * @param content the container's message, serialized
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record Result(String inputId, int attempt, Outcome outcome, byte[] content) {}
