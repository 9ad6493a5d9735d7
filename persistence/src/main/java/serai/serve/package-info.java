// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** Containers that serve HTTP by themselves: where they are, what they have to do, who needs them. */
package serai.serve;
