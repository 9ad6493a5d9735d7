// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/**
 * Devices that functions ask for by a deployer's name, and what the cluster is asked for then. Which devices there are
 * and which are free is the cluster's business, as is handing them out.
 */
package serai.device;
