# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""An image that was built before: here is only its id."""

import os

import modal

app = modal.App("built-before", include_source=True)
image = modal.Image.from_id(os.environ.get("BUILT_ID", "im-none"))  # only the client knows it


@app.function(image=image.env({"ON_TOP": "yes"}), max_containers=1)
def seen() -> list[str]:
    from pathlib import Path

    return [Path("/kept").read_text().strip(), os.environ["ON_TOP"]]
