# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""The command line."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from . import messages
from .problems import Failed, Stopped

if TYPE_CHECKING:
    import argparse

PROGRAM = "serai-runner.pyz"
HELP = """usage: python3 serai-runner.pyz                    run one container; started by a job of Serai
       python3 serai-runner.pyz prepare-runtime --package NAME --version VERSION --cache DIR
       python3 serai-runner.pyz collect --cache DIR [--json]
       python3 serai-runner.pyz doctor [--json]
       python3 serai-runner.pyz --help | --version

prepare-runtime   install the container runtime into this node's cache, so that the first container need not wait for it;
                  prints its directory
collect           remove from this node's cache, and from the registry if there is one, the layers that no image has any more, and
                  from the cache what nobody has used for long, but for what is in use; put into the registry what it has lost
                  and this node has; the environment has SERAI_URL, the servers, and SERAI_ADMIN_TOKEN, the administrator's token
doctor            say what works on this node: bubblewrap, user namespaces, networks, control groups, Python
                  exit code 0: containers can run here, 1: they cannot

Without a command, the environment says which container to become:
  SERAI_URL            the server, http://host:port; several, any of which will do, are separated by commas
  SERAI_POOL           the pool's id
  SERAI_BUILD          1: build an image instead
  SERAI_NETWORK        node: containers share the node's network [one for each]
  SERAI_CHROOT         1: we are in the root that Nomad's driver exec makes, and complete it
  SERAI_NODE_PORTS     ports of the node's loopback that containers have on theirs, separated by commas [none]
  SERAI_CACHE          this node's cache of files and runtimes [/var/lib/serai/cache]
  NOMAD_ALLOC_ID, NOMAD_ALLOC_INDEX, NOMAD_TASK_DIR, NOMAD_SECRETS_DIR (with the file pool-secret): set by the cluster

exit code: the runtime's own, 128 + n if signal n ended it, 1 if the container could not be started
"""


def main(began: float, arguments: list[str] | None = None) -> int:
    """@param began: when the program started, by perf_counter
    @return the exit code
    """
    words = sys.argv[1:] if arguments is None else arguments
    try:
        if not words:
            return _run(began)
        match words[0]:
            case "--help" | "-h":
                print(HELP, end="")
                return 0
            case "--version":
                print(f"{PROGRAM} {version()}")
                return 0
            case "prepare-runtime":
                return _prepare_runtime(words[1:])
            case "collect":
                return _collect(words[1:])
            case "doctor":
                from .doctor import doctor

                _complete_chroot()
                return doctor(_options("doctor", words[1:], (), ("json",)).json)
            case other:
                print(f"{PROGRAM}: {other!r} is not a command\n\n{HELP}", end="", file=sys.stderr)
                return 2
    except Failed as e:
        messages.say(str(e))
        return 1
    except Stopped as e:
        messages.say(str(e))
        return 128 + e.signum


def version() -> str:
    """What the build wrote; in a source tree, that it did not."""
    import pkgutil

    said = (pkgutil.get_data(__package__, "version.txt") or b"").decode().strip()
    return "(built from source)" if said.startswith("${") else said


def _run(began: float) -> int:
    from .settings import Settings

    settings = Settings.of(os.environ)
    _complete_chroot()
    if os.environ.get("SERAI_BUILD"):
        from . import builder

        code = builder.run(settings)
    else:
        from . import container

        code = container.run(settings, began)
    if settings.by_engine:  # its container is thrown away, and threads that Python ends would need libgcc, which an image may lack
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    _leave_compiled(settings.cache)
    return code


def _complete_chroot() -> None:
    if os.environ.get("SERAI_CHROOT"):
        from . import chroot

        chroot.complete()


def _prepare_runtime(words: list[str]) -> int:
    from . import runtime
    from .interpreter import this

    options = _options("prepare-runtime", words, ("package", "version", "cache"), ())
    cache = os.path.abspath(options.cache)
    print(runtime.ensure(cache, options.package, options.version, this(), messages.say))
    _leave_compiled(cache)
    return 0


def _collect(words: list[str]) -> int:
    from .collect import collect

    options = _options("collect", words, ("cache",), ("json",))
    servers, token = (os.environ.get(name, "") for name in ("SERAI_URL", "SERAI_ADMIN_TOKEN"))
    if not servers or not token:
        raise Failed("SERAI_URL and SERAI_ADMIN_TOKEN are needed in the environment")
    done = collect(os.path.abspath(options.cache), servers, token)
    if options.json:
        import json

        print(json.dumps(done._asdict()))
    else:
        print(f"{done.removed} layers removed ({done.freed / (1 << 20):.1f} MiB), {done.kept} not yet, {done.needed} needed")
        print(
            f"{done.unused} other entries of the cache removed that nobody had used for long ({done.unused_freed / (1 << 20):.1f} MiB)"
        )
        if done.tags or done.mended or done.unpublished:
            print(f"registry: {done.tags} tags removed, {done.mended} layers put there again, {done.unpublished} images lost")
        if done.registry:
            print(done.registry)
    return 0


def _leave_compiled(cache: str) -> None:
    archive = sys.argv[0]
    if os.path.isfile(archive) and archive.endswith((".pyz", ".jar")):
        from . import compiled

        try:
            compiled.leave(archive, cache)
        except OSError as e:
            messages.say(f"the compiled program could not be left in the cache, which costs later starts some time: {e}")


def _options(command: str, words: list[str], needed: tuple[str, ...], flags: tuple[str, ...]) -> argparse.Namespace:
    import argparse

    parser = argparse.ArgumentParser(prog=f"{PROGRAM} {command}")
    for name in needed:
        parser.add_argument(f"--{name}", required=True)
    for name in flags:
        parser.add_argument(f"--{name}", action="store_true")
    return parser.parse_args(words)
