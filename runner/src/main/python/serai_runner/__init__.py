# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What an allocation runs: one container, from its registration to its last log line.

Preparing (files, runtime, sandbox root, interpreter) stays apart from starting (arguments, identity), so that a parent
that is already prepared can later start containers. Only the standard library is used: a node needs Python and bubblewrap.
Modules import what is slow to import where they use it: a cold start waits for every one of them.
"""
