// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.control;

import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * The state of an allocation's tasks.
 *
 * @param status pending, running, complete or failed
 */
public record Report(String status, String description, ObjectNode taskStates) {}
