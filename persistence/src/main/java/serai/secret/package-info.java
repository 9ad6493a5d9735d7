// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** Secrets: variables for containers, encrypted at rest. How they reach a container is not here; back to a caller they never go. */
package serai.secret;
