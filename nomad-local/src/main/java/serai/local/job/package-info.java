// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** The job as a document: its defaults, its validation, what counts as a change. Not: what runs of it. */
package serai.local.job;
