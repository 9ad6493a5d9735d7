// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/** The data source and its schema. What is stored is known to the features. */
package serai.database;
