// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** Messages of the client protocol that more than one edge composes. The stubs themselves are made by the build. */
package serai.protocol;
