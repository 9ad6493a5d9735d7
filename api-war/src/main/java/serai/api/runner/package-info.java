// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/**
 * What a runner asks of the server on behalf of its container: who it is, its files, its logs, its end. The container's own
 * calls arrive over gRPC.
 */
package serai.api.runner;
