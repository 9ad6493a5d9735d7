# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A function on one of the images of `engine.py`."""

import modal

app = modal.App("lasting")


@app.function(image=modal.Image.debian_slim().pip_install("six==1.17.0"), scaledown_window=2)
def version() -> str:
    import six

    return six.__version__
