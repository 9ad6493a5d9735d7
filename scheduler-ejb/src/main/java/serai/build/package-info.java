// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** Runs builds of images as jobs of the cluster, from the first look to the job's removal. What a build does is not here. */
package serai.build;
