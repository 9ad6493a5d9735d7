// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** Large payloads on their way in and out, under addresses that carry their own right. */
package serai.api.blob;
