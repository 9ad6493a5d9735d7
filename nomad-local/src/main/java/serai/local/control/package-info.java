// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** What a call of the API brings about: registrations, scaling, evaluations. Not here: HTTP, and the processes themselves. */
package serai.local.control;
