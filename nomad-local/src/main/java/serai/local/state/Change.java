// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.state;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** One document put or, with a null document, removed. */
record Change(Table table, String key, ObjectNode doc) {}
