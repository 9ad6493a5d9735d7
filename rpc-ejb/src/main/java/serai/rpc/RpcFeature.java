// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

/** Answers some of the protocol's methods. */
interface RpcFeature {
    void register(Methods methods);
}
