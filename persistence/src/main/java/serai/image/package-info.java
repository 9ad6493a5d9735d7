// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** Images. Nothing is built here yet: what would need a build is refused by name. */
package serai.image;
