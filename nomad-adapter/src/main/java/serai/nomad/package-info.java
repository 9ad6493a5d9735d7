// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/**
 * The cluster port on HashiCorp Nomad, and the only code in the server that has heard of it: a pool is a service job, a
 * container runs in an allocation. The SDK, its Jackson and its HttpClient do not leave this package. When a pool should
 * grow or shrink is not decided here.
 */
package serai.nomad;
