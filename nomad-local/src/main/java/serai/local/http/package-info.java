// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** The Nomad HTTP API: paths, parameters, statuses and headers. What a call brings about is decided in {@code control}. */
package serai.local.http;
