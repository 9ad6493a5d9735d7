// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** Who: workspaces, environments, tokens. How a token reaches us is known to the edges. */
package serai.workspace;
