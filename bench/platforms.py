# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What is measured: Serai, and the null server beside it. Both are started here, asked by the same client, and torn down."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import processes
from report import NULL_SERVER

HERE = Path(__file__).resolve().parent
ANSWER_S = 600  # the longest that one measurement may take
UP_S = 1800  # a first start downloads what is missing
DOWN_S = 180  # also of the other commands: they wait for each other
START_S = 60  # until the null server answers
ZERO_S = 120  # until a function whose window is 2 s must be at zero
OWN = ("SERAI_", "NOMAD_", "MODAL_", "PYTHON")  # the person's settings: the bench measures the defaults
KEPT = ("SERAI_PYTHON", "SERAI_YES")
PORTS = ("SERAI_RPC_PORT", "SERAI_HTTP_PORT", "SERAI_NOMAD_PORT", "SERAI_DB_PORT", "SERAI_ADMIN_PORT")


class Broken(Exception):
    """A platform did not do what was asked of it."""


def environment() -> dict[str, str]:
    """Ours, without what would lead a program to other servers or packages."""
    return {name: value for name, value in os.environ.items() if name in KEPT or not name.startswith(OWN)}


def wait_for(what: str, timeout_s: float, done: Callable[[], Any]) -> Any:
    """Asks until the answer is true, and gives it. @raise Broken: it never was"""
    deadline = time.monotonic() + timeout_s
    while not (answer := done()):
        if time.monotonic() > deadline:
            raise Broken(f"{what}: not within {timeout_s:.0f} s")
        time.sleep(0.02)
    return answer


class Talk:
    """A program that answers a line of JSON to each line that it is asked with."""

    def __init__(self, command: list[str], variables: dict[str, str], log: Path) -> None:
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                command,
                env=variables,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                bufsize=1,
                start_new_session=True,  # an interrupt is ours: we end it in our order
            )
        self._log = log
        self._answer(ANSWER_S)

    def ask(self, what: str, **arguments: Any) -> dict[str, Any]:
        """@raise Broken: it failed, with the program's words"""
        try:
            self._process.stdin.write(json.dumps({"do": what, **arguments}) + "\n")
        except BrokenPipeError as e:
            raise Broken(f"the program has ended; see {self._log}") from e
        return self._answer(ANSWER_S)

    def _answer(self, timeout_s: float) -> dict[str, Any]:
        timer = threading.Timer(timeout_s, self._process.kill)
        timer.start()
        try:
            line = self._process.stdout.readline()
        finally:
            timer.cancel()
        if not line:
            raise Broken(f"the program ended or did not answer within {timeout_s:.0f} s; see {self._log}")
        answer = json.loads(line)
        if "error" in answer:
            raise Broken(answer["error"])
        return answer

    def close(self) -> None:
        """Ends what it runs; what it does not end by itself is ended."""
        try:
            self._process.stdin.close()
            self._process.wait(30)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            self._process.kill()
            self._process.wait()


class Platform:
    """A running platform, and the clients that run on it."""

    name: str
    containers_below: int  # the process that containers descend from

    def __init__(self, login: dict[str, str], log: Path, stack: ExitStack) -> None:
        self._login, self._log = login, log
        self._programs: dict[str, Talk] = {}
        stack.callback(self.end_programs)

    def program(self, name: str) -> Talk:
        """The client with the app of programs/*name*.py, started where it does not run yet."""
        if name not in self._programs:
            self._programs[name] = self._talk(name, {})
        return self._programs[name]

    def another(self, name: str, server_url: str) -> Talk:
        """One more client with that app, at one of several servers. Whoever asked for it closes it."""
        return self._talk(name, {"MODAL_SERVER_URL": server_url})

    def _talk(self, name: str, login: dict[str, str]) -> Talk:
        variables = {**environment(), "MODAL_CONFIG_PATH": os.devnull, **self._login, **login}
        return Talk([sys.executable, str(HERE / "client.py"), name], variables, self._log)

    def end_programs(self) -> None:
        """Ends the apps of all clients, and with them their containers."""
        while self._programs:
            self._programs.popitem()[1].close()

    def parts(self) -> dict[str, set[int]]:
        """The processes of each of its parts, without containers."""
        raise NotImplementedError

    def container(self, task: str) -> set[int]:
        found = processes.container(task, self.containers_below)
        if not found:
            raise Broken(f"the process of container {task} was not found")
        return found

    def cold_call(self) -> dict[str, Any]:
        """A call for the function at zero, which it is again afterwards: all processes of its container are gone."""
        answer = self.program("basic").ask("cold")
        gone = self.container(answer["task"])
        wait_for(f"{self.name} back at zero", ZERO_S, lambda: not processes.alive(gone))
        return answer


class NullServer(Platform):
    """Our own null server, in a process of its own."""

    name = NULL_SERVER

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        ready, log = directory / "null.url", directory / "null.log"
        began = time.perf_counter()
        with log.open("ab") as output:
            server = subprocess.Popen(
                [sys.executable, str(HERE / "nullserver.py"), "--ready", str(ready)],
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        stack.callback(self._end, server)
        wait_for("the null server's start", START_S, lambda: ready.exists() or server.poll() is not None)
        if server.poll() is not None:
            raise Broken(f"the null server ended; see {log}")
        self.start_s = time.perf_counter() - began
        self.containers_below = server.pid
        login = {"MODAL_SERVER_URL": ready.read_text(), "MODAL_TOKEN_ID": "ak-null", "MODAL_TOKEN_SECRET": "as-null"}
        super().__init__(login, log, stack)

    @staticmethod
    def _end(server: subprocess.Popen[bytes]) -> None:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()

    def parts(self) -> dict[str, set[int]]:
        return {"server": {self.containers_below}}


class Installation:
    """Serai in a SERAI_HOME, by its ./serai command."""

    def __init__(self, program: Path, home: Path, log: Path, own_ports: bool) -> None:
        self._program, self._home, self._log = program, home, log
        self._environment = {**environment(), "SERAI_HOME": str(home)}
        if own_ports:
            self._environment |= _free_ports(PORTS)
        self.is_up = not own_ports

    @property
    def home(self) -> Path:
        return self._home

    def build(self) -> None:
        """Any command builds what is older than its sources; this one does nothing else."""
        self._run(UP_S, "--help")

    def up(self, servers: int | None = None) -> float:
        """@param servers: how many beside each other; as many as before where it is not said
        @return the seconds that it took
        """
        self.is_up = True
        began = time.perf_counter()
        self._run(UP_S, "up", *(["--servers", str(servers)] if servers else []))
        return time.perf_counter() - began

    def down(self) -> None:
        self._run(DOWN_S, "down")

    def remove(self, logs: Path) -> None:
        """Down, and nothing left of it but its logs. What does not go down stays, to be looked at."""
        self.down()
        shutil.copytree(self._home / "logs", logs, dirs_exist_ok=True)
        shutil.rmtree(self._home)

    def status(self) -> dict[str, dict[str, Any]]:
        """Each part by its name."""
        return {part["part"]: part for part in json.loads(self._run(DOWN_S, "status", "--json"))["parts"]}

    def settings(self) -> dict[str, str]:
        """What `env` says: the addresses and the login."""
        words = [word for line in self._run(DOWN_S, "env").splitlines() for word in shlex.split(line)]
        return dict(word.split("=", 1) for word in words if "=" in word)

    def database(self, name: str) -> str:
        """Makes a database of that name beside Serai's own, also where a run that was killed left one. @return how to connect to it"""
        self.drop_database(name)
        self._superuser(f"create database {name}")
        return self._connection(name)

    def drop_database(self, name: str) -> None:
        self._superuser(f"drop database if exists {name} with (force)")

    def _connection(self, database: str) -> str:
        password = (self._home / "secrets/database-superuser-password").read_text().strip()
        address = self.status()["database"]["address"]
        return f"postgresql://postgres:{password}@{address}/{database}"

    def _superuser(self, statement: str) -> None:
        import environments

        python = environments.python("pgqueue", self._log)
        program = "import psycopg, sys; psycopg.connect(sys.stdin.readline().strip(), autocommit=True).execute(sys.argv[1])"
        with self._log.open("ab") as errors:
            done = subprocess.run(
                [python, "-c", program, statement],
                input=self._connection("postgres").encode(),
                stdout=errors,
                stderr=errors,
                timeout=60,
            )
        if done.returncode:
            raise Broken(f"{statement!r} failed; see {self._log}")

    def _run(self, timeout_s: float, *words: str) -> str:
        with self._log.open("ab") as errors:
            errors.write(f"--- serai {' '.join(words)}\n".encode())
            errors.flush()
            try:
                done = subprocess.run(
                    [str(self._program), *words],
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    text=True,
                    timeout=timeout_s,
                )
            except subprocess.TimeoutExpired as e:
                raise Broken(f"serai {' '.join(words)} took more than {timeout_s:.0f} s; see {self._log}") from e
        if done.returncode:
            raise Broken(f"serai {' '.join(words)} ended with code {done.returncode}; see {self._log}")
        return done.stdout


class Serai(Platform):
    """An installation that is up."""

    name = "Serai"

    def __init__(self, installation: Installation, log: Path, stack: ExitStack) -> None:
        self._status = installation.status()
        self.containers_below = self._pid("agent")
        self.versions = {name: f"{part.get('kind')} {part.get('version')}" for name, part in self._status.items()}
        self.versions["java"] = _java_version(self._pid("server"))
        self.agent_url: str = self._status["agent"]["address"]
        settings = installation.settings()
        self.api = {name: value for name, value in settings.items() if name.startswith("SERAI_")}
        super().__init__({name: value for name, value in settings.items() if name.startswith("MODAL_")}, log, stack)

    def _pid(self, part: str) -> int:
        pid = self._status[part].get("pid")
        if pid is None:
            raise Broken(f"the {part} is no process of this machine")
        return pid

    def parts(self) -> dict[str, set[int]]:
        return {
            "server": processes.tree(self._pid("server")),
            "agent": {self._pid("agent")},
            "database": processes.tree(self._pid("database")),
        }


def _java_version(pid: int) -> str:
    """Of the JDK whose bin/java a process runs, by the file that each JDK has."""
    release = Path(f"/proc/{pid}/exe").resolve().parents[1] / "release"
    words = dict(line.split("=", 1) for line in release.read_text().splitlines() if "=" in line)
    return words["JAVA_VERSION"].strip('"')


def _free_ports(names: Iterable[str]) -> dict[str, str]:
    """A port for each, none of them taken."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in names]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return {name: str(each.getsockname()[1]) for name, each in zip(names, sockets, strict=True)}
