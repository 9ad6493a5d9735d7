// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** What every HTTP endpoint needs: who calls, and how failures are told. What they offer is not here. */
package serai.api.http;
