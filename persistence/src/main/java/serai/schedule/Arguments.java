// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.schedule;

/**
 * What a firing calls the function with, in the edge's own words.
 *
 * @param payload of the one input, serialized
 * @param invocation the client protocol's number for how the caller waits
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record Arguments(byte[] payload, int invocation) {}
