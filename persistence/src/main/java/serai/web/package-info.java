// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/**
 * Under which names functions are called by HTTP, and by whom. Not here: the listener, and what a request becomes, which is a call like any
 * other ({@code serai.call}).
 */
package serai.web;
