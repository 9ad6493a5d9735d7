# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Roots of images' own, put together of a base system, layers and a place to write."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from . import bases, sandbox, trees
from .bases import Base
from .layers import Layers, bases_of
from .namespaces import Stage, run_from
from .problems import Failed
from .registration import ImageRoot

if TYPE_CHECKING:
    from .network import Network
    from .registry import Ledger, Registry

# What a command of a build may do among its own users: what packages' own programs need, as container engines grant it.
CAPABILITIES = "CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETFCAP SYS_CHROOT NET_BIND_SERVICE".split()
CERTIFICATES = "/run/serai/certificates.pem"
_TRUST = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class Assembly:
    """For one container or one build."""

    def __init__(
        self,
        cache: str,
        scratch: str,
        tell: Callable[[str], None],
        network: Network | None = None,
        ledger: Ledger | None = None,
    ) -> None:
        """
        @param network: of its commands; None: the node's
        @param ledger: for what is pushed to the image's registry; None: nothing is
        """
        if os.geteuid():
            raise Failed(
                "images that have to be built need a runner that is root on its node (or one with users of its own): this one is "
                f"user {os.geteuid()}; an image that is debian_slim() with .env(), .workdir() and local files needs no build"
            )
        self.layers = Layers(cache)
        self.stage = Stage(network)
        self.registry: Registry | None = None  # of the image, once that is known
        self._network, self._ledger = network, ledger
        self._scratch = scratch
        self._tell = tell
        self._held: list[int] = []

    def lower(self, root: ImageRoot) -> list[str]:
        """What the image consists of, the highest first; kept on this node as long as we live.

        @raise Failed: something is not here and cannot be made
        """
        base = Base.of(root.base)
        if root.registry:
            from .registry import Address, Registry

            self.registry = Registry(Address.of(root.registry), self.layers, self._ledger)
        paths = self.base(base)
        names = bases_of(paths)
        for digest in root.layers:
            if self.registry and not self.layers.has(digest):
                self.registry.bring(digest, os.path.basename(paths[0]))
            self._held.append(self.layers.hold(digest, names))
            paths.insert(0, self.layers.path(digest))
        return paths

    def base(self, base: Base) -> list[str]:
        """@return its layers, the highest first. @raise Failed: it is not here and cannot be made"""
        if self.registry and base.layers:
            return [self.registry.recorded(name, digest) for name, digest in base.layers]
        keeper = self.registry or self.layers
        return bases.ensure(base, keeper, self.stage, lambda words, lower, name: self._settle(words, lower, base), self._tell)

    def directory(self, root: str, path: str) -> str:
        """Makes a directory of a root, where it lacks it. bubblewrap, which has the node in sight still when it makes one, would follow
        the root's links to there.

        @param path: absolute
        @return where it is, without links
        @raise Failed: it can be none
        """
        plain = os.path.normpath("/" + path.lstrip("/"))
        with trees.directory(root, plain) as at:
            if at is not None:
                return plain
        return self.inside(root, [plain], make=True)[0]

    def inside(self, root: str, paths: Sequence[str], *, make: bool = False) -> list[str]:
        """@return where they are for somebody whose root it is, without links. @param make: they are directories, made if need be"""
        from . import rooted

        def look() -> list[str]:
            found = [os.path.realpath(path) for path in paths]  # also where a link leads to nothing yet
            for path in found if make else ():
                os.makedirs(path, exist_ok=True)
            return found

        return rooted.ask(root, self.stage.users, f"{', '.join(paths)} cannot be reached in the image", look)

    def python(self, path: str, search: str) -> str:
        """@return the image's own Python, as it is called inside"""
        for name in ("python", "python3"):
            for directory in search.split(":"):
                if directory.startswith("/") and os.path.lexists(os.path.join(path, directory[1:], name)):
                    return os.path.join(directory, name)
        raise Failed("the image has no Python on its PATH: add one, say by modal.Image.from_registry(…, add_python=…)")

    def options(
        self,
        root: str,
        names: str,
        base: Base,
        environment: dict[str, str],
        directory: str,
        more: list[str],
    ) -> list[str]:
        """Bubblewrap's, for a command that builds."""
        words = [
            *sandbox.isolation("build"),
            *(word for name in CAPABILITIES for word in ("--cap-add", "CAP_" + name)),
            *("--bind", root, "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/run"),
            *sandbox.network_files(names),
        ]
        given = {"HOME": "/root", "PATH": sandbox.PATH, "DEBIAN_FRONTEND": "noninteractive", **base.environment}
        if base.certificates and os.path.exists(base.certificates):
            words += ["--ro-bind", base.certificates, CERTIFICATES]
            given.update(dict.fromkeys(_TRUST, CERTIFICATES))
        given.update(environment)
        words += [*more, "--chdir", directory, "--clearenv"]
        return words + [word for pair in given.items() for word in ("--setenv", *pair)]

    def names(self) -> str:
        """@return where the hostname and the hosts of builds are shown"""
        directory = os.path.join(self._scratch, "build-names")
        if not os.path.isdir(directory):
            sandbox.write_names(directory, "build", self._network)
            self._shown = self.stage.bind(directory, "build-names")
            if self._network:
                self._network.ready()
        return self._shown

    def _settle(self, words: list[str], lower: list[str], base: Base) -> None:
        """Runs a command whose changes go to the highest layer, while it is made."""
        import subprocess

        top, rest = lower[0], lower[1:]
        target = self.stage.overlay_into("settle", rest, top, os.path.join(os.path.dirname(top), "work"))
        try:
            command = [*self.stage.enter(), sandbox.find_bwrap(), *self.options(target, self.names(), base, {}, "/", []), *words]
            run_from(command, subprocess.DEVNULL, f"the base system for {base.name} could not be made")
        finally:
            self.stage.remove(target)
