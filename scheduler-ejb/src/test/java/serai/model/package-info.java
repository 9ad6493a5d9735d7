// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/**
 * The repositories without a database, for simulations of many thousand runs: {@code ModelInputs}, {@code ModelPools} and
 * the like lie in the packages of those that they stand for and extend them, so that what is not modelled fails. {@link
 * serai.model.ModelTest} holds them to the real statements on a real PostgreSQL.
 */
package serai.model;
