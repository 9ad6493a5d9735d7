// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/**
 * From the client protocol's description of a function to what the platform has to do for it. Both edges come through
 * here, so that a function is the same whichever of them it was deployed by (ADR 0008). Requests and answers are not here.
 */
package serai.definition;
