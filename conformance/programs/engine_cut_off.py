# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A function that no container engine gives what it asks for."""

import modal

app = modal.App("cut-off")


@app.function(block_network=True)
def hermit() -> str:
    return "ran"
