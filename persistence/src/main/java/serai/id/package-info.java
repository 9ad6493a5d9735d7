// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** How identifiers are made. What an identifier means is known where it is used. */
package serai.id;
