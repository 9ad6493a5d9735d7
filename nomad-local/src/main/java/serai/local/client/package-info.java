// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** Runs allocations: directories, artifacts, templates, environment, processes, containers, logs. Not here: what should run. */
package serai.local.client;
