// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/**
 * The gRPC edge: the Modal protocol for clients and containers. Each {@code …Rpcs} class answers the methods of one
 * feature; a method that nobody registers is answered by name as not available. What the answers mean is decided below.
 */
package serai.rpc;
