// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/**
 * What the agent knows: documents in tables, one index that rises with each commit, a journal on disk and the last events. Not
 * here: what should be done about any of it.
 */
package serai.local.state;
