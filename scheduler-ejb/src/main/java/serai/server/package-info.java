// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** What the application asks of the server that it runs in. */
package serai.server;
