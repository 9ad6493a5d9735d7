// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** The REST API for people, CI and portals: what a workspace has, and why it is as it is. */
package serai.api.rest;
