// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** Source files by content, and sets of them with their places in a container. */
package serai.mount;
