// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** Reading JSON strictly: whatever is refused is refused with its path, its limit and its value. What it means is not here. */
package serai.api.rest.json;
