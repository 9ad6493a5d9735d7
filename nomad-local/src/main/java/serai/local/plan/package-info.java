// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** The scheduler as functions: values in, a plan out. No clock, no store, no process. */
package serai.local.plan;
