# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What Python lacks of Linux: a mount namespace of our own, mounts in it, and a range of users that are nobody outside.

Where the runner is root, users of containers are those from *FIRST* on: what their root writes belongs to nobody else on the
node, and whoever got out of a sandbox would be nobody either.
"""

from __future__ import annotations

import ctypes
import os
import stat
from typing import TYPE_CHECKING

from . import inotify, switches, trees
from .problems import Failed

if TYPE_CHECKING:
    from .network import Network

FIRST = 1_879_048_192  # of 65536 users and groups; above what distributions and directories give to people
COUNT = 65_536
UPPER = "upper"  # in the directory of an overlay
STAGE = "/run/serai"  # a path that everybody may pass: our own mounts lie there, in our namespace only

_READY = b"1"
_NEWNS, _NEWUSER = 0x20000, 0x10000000
_BIND, _REC, _SLAVE, _REMOUNT, _RDONLY = 4096, 16384, 1 << 19, 32, 1
_PAGE = 4096  # bytes that the kernel takes as options, with the NUL at their end
_OVERLAY = "/sys/module/overlay/parameters"
_libc = ctypes.CDLL(None, use_errno=True)


def mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> None:
    """@raise OSError"""
    words = [os.fsencode(word) if word else None for word in (source, target, kind)]
    if _libc.mount(*words, ctypes.c_ulong(flags), os.fsencode(options) or None):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), target)


def unmount(target: str) -> None:
    """@raise OSError: in use"""
    if _libc.umount2(os.fsencode(target), 0):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), target)


def close(path: str) -> None:
    """Nothing is written any more by way of a mount."""
    mount("", path, "", _REMOUNT | _BIND | _RDONLY)


def own_mounts() -> None:
    """From here on what this thread and its children mount is theirs alone. @raise Failed: not permitted here"""
    if _libc.unshare(_NEWNS):
        number = ctypes.get_errno()
        raise Failed(f"this node permits no mounts of our own: {os.strerror(number)}")
    mount("", "/", "", _REC | _SLAVE)


def become_root(users: str) -> None:
    """This process, of one thread, is root of a namespace of users from here on, and nobody else. @raise OSError"""
    descriptor = os.open(users, os.O_RDONLY | os.O_CLOEXEC)
    if _libc.setns(descriptor, _NEWUSER):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), users)
    os.close(descriptor)
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)


class Stage:
    """A place of our own for mounts, gone with this process. Make and use it on the main thread only: the namespace is
    that thread's, and its children's."""

    def __init__(self, network: Network | None = None, further: int = 0) -> None:
        """@param network: of what *enter* and *join* start; None: the node's
        @param further: user namespaces that what they start may make
        @raise Failed: not permitted here
        """
        self._network = network
        self._shown: dict[str, str] = {}
        os.makedirs(STAGE, mode=0o755, exist_ok=True)
        own_mounts()
        mount("serai", STAGE, "tmpfs", 0, "mode=0755")
        self.users = os.path.join(STAGE, "users")
        self._make_users(further)

    def bind(self, source: str, name: str) -> str:
        """Shows a file or directory of the node there. @return its path"""
        target = os.path.join(STAGE, name)
        if os.path.isdir(source):
            os.makedirs(target, mode=0o755)
        else:
            open(target, "x").close()
        mount(source, target, "", _BIND)
        return target

    def show(self, source: str) -> str:
        """@return where our users find a file or directory of the node, whoever may pass the directories above it"""
        for above, shown in self._shown.items():
            if source == above or source.startswith(above + "/"):
                return shown + source[len(above) :]
        self._shown[source] = self.bind(source, f"shown-{len(self._shown)}")
        return self._shown[source]

    def show_device(self, source: str) -> str:
        """The same for a device's node. One that is not for everybody is made anew, for our users only."""
        found = os.stat(source)
        if not stat.S_ISCHR(found.st_mode) or found.st_mode & 0o006 == 0o006:
            return self.show(source)
        node = os.path.join(STAGE, f"device-{os.major(found.st_rdev)}-{os.minor(found.st_rdev)}")
        os.mknod(node, stat.S_IFCHR | 0o600, found.st_rdev)
        own(node)
        return node

    def overlay(self, name: str, lower: list[str], directory: str) -> str:
        """A root: *lower* directories, the highest first, and what is written goes to UPPER of *directory*.

        @return its path
        """
        upper = os.path.join(directory, UPPER)
        os.makedirs(upper, mode=0o755)
        return self.overlay_into(name, lower, upper, os.path.join(directory, "work"))

    def overlay_into(self, name: str, lower: list[str], upper: str, work: str) -> str:
        """The same, but what is written goes to *upper*, which is there; *work* is new, on the same file system.

        @return its path
        """
        target = os.path.join(STAGE, name)
        for path in (target, work):
            os.makedirs(path, mode=0o755)
        own(upper)
        where = os.getcwd()
        base = os.path.dirname(lower[-1])
        names = [os.path.basename(path) if os.path.dirname(path) == base else path for path in lower]
        options = f"lowerdir={':'.join(map(_escaped, names))},upperdir={_escaped(upper)},workdir={_escaped(work)}{_whole()}"
        if len(os.fsencode(options)) >= _PAGE:
            raise Failed(f"the image has too many layers for this node: {len(lower)}")
        os.chdir(base)
        try:
            mount("overlay", target, "overlay", 0, options)
        finally:
            os.chdir(where)
        return target

    def remove(self, path: str) -> None:
        """Takes a mount of ours away."""
        unmount(path)
        os.rmdir(path)

    def enter(self) -> list[str]:
        """Words before a command that shall run as root of our users."""
        return ["nsenter", *self._net(), f"--user={self.users}", "--setuid", "0", "--setgid", "0", "--"]

    def join(self) -> list[str]:
        """Words before a bubblewrap that joins *users* itself: then it also takes from its processes what they could get."""
        return ["nsenter", *self._net(), f"--setuid={FIRST}", f"--setgid={FIRST}", "--"]

    def _net(self) -> list[str]:
        return [f"--net={self._network.path()}"] if self._network else []

    def _make_users(self, further: int) -> None:
        """A process makes the namespace, which then is held by a mount. It is its first user's, who may join it therefore."""
        ready, ready_in = os.pipe()
        done, done_in = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(done_in)
            status = 1
            try:
                os.setgroups([])
                os.setresgid(FIRST, FIRST, FIRST)
                os.setresuid(FIRST, FIRST, FIRST)
                if _libc.unshare(_NEWUSER):
                    number = ctypes.get_errno()
                    raise OSError(number, os.strerror(number), "a user namespace")
                os.write(ready_in, _READY)
                os.read(done, 1)
                os.write(os.open("/proc/sys/user/max_user_namespaces", os.O_WRONLY), b"%d" % further)
                inotify.share()
                status = 0
            except BaseException as e:
                os.write(ready_in, f"{type(e).__name__}: {e}".encode())
            finally:
                os._exit(status)
        said = b""
        try:
            os.close(ready_in)
            said = os.read(ready, 1000)
            if said == _READY:
                for name in ("uid_map", "gid_map"):
                    with open(f"/proc/{child}/{name}", "w", encoding="ascii") as file:
                        file.write(f"0 {FIRST} {COUNT}")
                open(self.users, "x").close()
                mount(f"/proc/{child}/ns/user", self.users, "", _BIND)
                os.write(done_in, _READY)
                said = os.read(ready, 1000)
        finally:
            for fd in (ready, done, done_in):
                os.close(fd)
            status = os.waitpid(child, 0)[1]
        if status:
            cure = "; ".join(switches.advice()) or "see the runner's doctor, and user.max_user_namespaces where no space is left"
            raise Failed(f"this node permits no users of our own: {said.decode()} ({cure})")


def own(path: str) -> None:
    """Gives it to the root inside."""
    os.chown(path, FIRST, FIRST, follow_symlinks=False)


def own_tree(path: str) -> None:
    """Gives everything in it to the root inside."""
    for found in trees.walk(path):
        own(found.path)


def sync(directory: str) -> None:
    """Everything of its file system is on the disk afterwards."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if _libc.syncfs(descriptor):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), directory)
    finally:
        os.close(descriptor)


def _whole() -> str:
    """Options by which what is written holds directories and files whole: some distributions have an overlay note where the rest
    is, which no layer could keep."""
    known = os.path.isdir(_OVERLAY)  # else the module is not loaded yet
    names = [name for name in ("redirect_dir", "metacopy") if not known or os.path.exists(os.path.join(_OVERLAY, name))]
    return "".join(f",{name}=off" for name in names)


def _escaped(path: str) -> str:
    return path.replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")


def find_tool(name: str, remedy: str) -> str:
    """@raise Failed: it is not installed"""
    import shutil

    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin:/sbin:/bin")
    if not found:
        raise Failed(f"{name} was not found on this node: {remedy}")
    return found


def run_from(command: list[str], source: object, what: str) -> None:
    """@param source: its standard input. @raise Failed: with its last words"""
    import subprocess

    done = subprocess.run(command, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        said = done.stdout.decode("utf-8", "replace").strip().splitlines()
        raise Failed(f"{what}: {'; '.join(said[-4:]) or f'exit code {done.returncode}'}")
