// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** JSON documents as values, and Go's way of writing durations. Nothing here knows what a job is. */
package serai.local.doc;
