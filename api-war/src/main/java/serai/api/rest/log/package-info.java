// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** Logs over REST: a page at a time, or line by line as they come. Where logs are kept is not here. */
package serai.api.rest.log;
