# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What the tests need to look at a platform from outside: programs as processes, the Nomad API, conditions to wait for."""
