// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.call;

/**
 * The one accepted result of an input.
 *
 * @param ordinal order of completion within the call, from 1
 * @param content the container's message; null where the platform decided
 * @param reason the platform's, where it decided; else empty
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record Output(int ordinal, String inputId, int idx, Outcome outcome, byte[] content, String reason) {}
