// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** Large payloads: who may see them, and where the bytes lie. How they travel is known to the edges. */
package serai.blob;
