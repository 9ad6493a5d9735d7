# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A module that programs take along."""

WORD = "taken along"
