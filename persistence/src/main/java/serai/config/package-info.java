// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** Every setting, with its unit, default and reason: one class for each prefix. */
package serai.config;
