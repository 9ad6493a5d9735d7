# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Makes everything that does not depend on which container it will be."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from . import runtime, sandbox
from .files import Cache, lay_out
from .interpreter import Interpreter, of_image, this
from .problems import Failed
from .registration import Task
from .server import Server

if TYPE_CHECKING:
    from .kept import Keeping
    from .namespaces import Stage
    from .network import Network


def prepare(
    task: Task,
    cache: str,
    scratch: str,
    connect: Callable[[], Server],
    tell: Callable[[str], None],
    network: Network | None = None,
) -> sandbox.Root:
    """Fetches, lays out and installs what is missing, below *scratch* and *cache*.

    @raise Failed: this node cannot run the task, with what to do about it
    """
    interpreter = this()
    _check(task, interpreter)
    try:
        os.makedirs(cache, exist_ok=True)
        os.makedirs(scratch, mode=0o700)
        directory = runtime.ensure(cache, task.package, task.version, interpreter, tell)
        tree, etc = (os.path.join(scratch, name) for name in ("tree", "etc"))
        with Cache(cache).at_hand(task.files, connect) as files:
            bindings = lay_out(task.files, files, tree)
        sandbox.write_etc(etc)
        stage = _stage(tree, network) if os.geteuid() == 0 else None
    except OSError as e:
        raise Failed(f"the container could not be prepared on this node: {e}") from e
    return sandbox.Root(interpreter, directory, tuple(bindings), tree, etc, task.workdir, task.environment, network, stage)


def _stage(tree: str, network: Network | None) -> Stage:
    """The task's files are the container's root's, who is nobody on this node."""
    from .namespaces import Stage, own_tree

    own_tree(tree)
    hardened = sandbox.hardens(sandbox.find_bwrap())
    stage = Stage(network, further=2 if hardened else 1)  # bubblewrap's, and one that it makes so that nobody inside makes others
    stage.show(tree)
    return stage


def prepare_built(
    task: Task,
    cache: str,
    scratch: str,
    connect: Callable[[], Server],
    tell: Callable[[str], None],
    network: Network | None = None,
) -> sandbox.Built:
    """The same for an image with a root of its own: its layers, the task's files, and a place for what is written.

    @raise Failed: this node cannot run the task, with what to do about it
    """
    from .built import Assembly
    from .namespaces import UPPER

    keeping: Keeping | None = None
    try:
        os.makedirs(cache, exist_ok=True)
        os.makedirs(scratch, mode=0o700)
        with Cache(cache).at_hand(task.files, connect) as files:
            assembly = Assembly(cache, scratch, tell, network)
            own = assembly.layers.of_files(task.files, files)
        lower = assembly.lower(task.root)
        directory = runtime.ensure(cache, task.package, task.version, of_image(task.python_version), tell)
        if task.keeps:
            from .kept import Keeping

            keeping = Keeping(assembly.layers, assembly.layers.place(), tuple(lower), task.files, assembly.registry)
        place = keeping.place if keeping else os.path.join(scratch, "root")
        path = assembly.stage.overlay("root", ([own] if own else []) + lower, place)
        command = assembly.python(path, task.environment.get("PATH", sandbox.PATH))
        workdir = assembly.directory(path, task.workdir)
    except (OSError, Failed) as e:
        if keeping:
            keeping.forget()
        if isinstance(e, Failed):
            raise
        raise Failed(f"the container could not be prepared on this node: {e}") from e
    return sandbox.Built(
        assembly.stage,
        path,
        os.path.join(place, UPPER),
        command,
        task.entrypoint,
        directory,
        workdir,
        task.environment,
        task.root.base.get("certificates") or "",
        keeping,
    )


def _check(task: Task, interpreter: Interpreter) -> None:
    asked = ".".join(task.python_version.split(".")[:2])  # 3.11.7 will do with any 3.11
    if asked and asked != interpreter.version:
        raise Failed(
            f"the image asks for Python {task.python_version}, this node runs containers with Python "
            f"{interpreter.version} ({interpreter.executable}): choose that version for the image, or give the node another"
        )
