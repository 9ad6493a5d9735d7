// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/**
 * Images: what their layers say, which of them have to be built, and the builds. How a build is run by the cluster is not
 * here, nor what a builder does on its node.
 */
package serai.image;
