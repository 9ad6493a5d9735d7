# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Work of ours in a root whose links strangers made: no path that is followed there leads out of it, as the kernel sees to."""

from __future__ import annotations

import json
import os
import signal
import tempfile
from collections.abc import Callable
from typing import Any

from . import namespaces
from .problems import Failed

_WORDS = 1000  # bytes of what is told of an error


def run(root: str, users: str, what: str, work: Callable[[], None]) -> None:
    """Calls *work* in a process of its own whose `/` is *root*, as root of our users. Nothing else of the node is there: what it
    imports or opens beside, the caller did before.

    @param users: the stage's
    @param what: came to nothing, for the error
    @raise Failed: what *work* raised
    """
    hear, say = os.pipe()
    child = os.fork()
    if child == 0:
        _end(root, users, work, say)
    os.close(say)
    try:
        with open(hear, "rb") as words:
            said = words.read()
    except BaseException:
        os.kill(child, signal.SIGKILL)
        raise
    finally:
        status = os.waitpid(child, 0)[1]
    if status:
        raise Failed(f"{what}: {said.decode('utf-8', 'replace') or f'its process ended with status {status}'}")


def ask(root: str, users: str, what: str, look: Callable[[], Any]) -> Any:
    """The same for *look*, which is told by JSON. @return what it returned"""
    with tempfile.TemporaryFile("w+", encoding="ascii") as told:

        def tell() -> None:
            json.dump(look(), told)
            told.flush()

        run(root, users, what, tell)
        told.seek(0)
        return json.load(told)


def _end(root: str, users: str, work: Callable[[], None], say: int) -> None:
    """The child's life."""
    status = 1
    try:
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, signal.SIG_DFL)
        namespaces.become_root(users)
        os.chroot(root)
        os.chdir("/")
        os.umask(0o022)
        work()
        status = 0
    except (Failed, OSError) as e:
        os.write(say, str(e).encode("utf-8", "replace")[:_WORDS])
    except BaseException as e:
        os.write(say, f"{type(e).__name__}: {e}".encode("utf-8", "replace")[:_WORDS])
    finally:
        os._exit(status)
