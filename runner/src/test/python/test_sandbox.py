# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What a container can see and do: small programs in place of the runtime, in a real sandbox."""

from __future__ import annotations

import json
import os
import pathlib
import select
import signal
import subprocess
import sys

import pytest
import roots
from conftest import SOURCES
from fakes import until
from launch import inside, is_below
from serai_runner import sandbox
from serai_runner.files import LARGE_BYTES
from serai_runner.network import USER
from serai_runner.problems import Failed

LOOK = """
import json, os, socket, sys
def tries(f, *a):
    try:
        return f(*a) and None
    except OSError as e:
        return e.strerror
def writes(path):
    with open(path, "w") as file:
        file.write("x")
print(json.dumps({
    "pid": os.getpid(), "uid": os.getuid(), "cwd": os.getcwd(), "host": socket.gethostname(),
    "resolved": socket.gethostbyname(socket.gethostname()),
    "python": "%d.%d" % sys.version_info[:2], "executable": sys.executable, "environment": dict(os.environ),
    "root": sorted(os.listdir("/")), "home": sorted(os.listdir("/root")),
    "processes": sorted(p for p in os.listdir("/proc") if p.isdigit()),
    "descriptors": sorted(os.listdir("/proc/self/fd")),
    "passwd": open("/etc/passwd").read(),
    "capabilities": [l.split()[1] for l in open("/proc/self/status") if l.startswith("Cap")],
    "no_new_privileges": [l.split()[1] for l in open("/proc/self/status") if l.startswith("NoNewPrivs")],
    "written": {p: tries(writes, p + "/x") for p in ("/usr", "/usr/local", "/usr/local/lib", "/pkg", "/__modal", "/proc/sys/kernel",
        "/root", "/tmp", "/var/tmp", "/dev/shm", "/srv")},
    "core_pattern": tries(writes, "/proc/sys/kernel/core_pattern"),
    "there": [p for p in HIDDEN if os.path.exists(p)],
    "packages": [p for p in sys.path if p.endswith("-packages") and os.path.isdir(p) and set(os.listdir(p)) - {"pip"}
        and [n for n in os.listdir(p) if not n.startswith("pip")]],
}))
"""


@pytest.fixture
def look(node, http):
    def run(chosen=node) -> dict:
        hidden = [str(node.directory), node.cache, str(pathlib.Path.home() / ".bashrc"), "/home", "/etc/shadow", "/boot",
                  str(chosen.directory), "/var/lib", "/opt", "/work", "/etc/ssl/private", "/sys"]  # fmt: skip
        chosen.runtime(f"HIDDEN = {hidden!r}\n" + LOOK)
        run = chosen.run()
        assert run.out, run.err + str(http.exits)
        return json.loads(run.out)

    return run


STAGE = """
import os, subprocess, sys
sys.path[:0] = [sys.argv[1]]
from serai_runner import prepare
stage = prepare._stage(sys.argv[2], None)
subprocess.run([*stage.enter(), "cat", "/proc/sys/user/max_user_namespaces"], check=True)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
@pytest.mark.parametrize(("options", "further"), [("--disable-userns", 2), ("", 1)])
def test_given_a_bubblewrap_when_a_plain_container_has_users_then_it_may_have_those_that_bubblewrap_makes_only(
    tmp_path, options, further
):
    tools, tree = tmp_path / "tools", tmp_path / "tree"
    tools.mkdir()
    tree.mkdir()
    (tools / "bwrap").write_text(f"#!/bin/sh\n# knows {options}\n")
    (tools / "bwrap").chmod(0o755)
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
    command = [sys.executable, "-c", STAGE, str(SOURCES), str(tree)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert ended.stdout == f"{further}\n", ended.stderr


def test_given_a_container_when_it_looks_around_then_it_sees_only_what_is_its_own(look, http):
    http.add_file("/root/app.py", "x")
    http.add_file("/data/in.txt", "x")
    seen = look()
    assert seen["there"] == []
    assert seen["home"] == ["app.py"]
    assert set(seen["root"]) <= set("__modal bin data dev etc lib lib32 lib64 libx32 pkg proc root run sbin tmp usr var".split())
    assert seen["processes"] == ["1", "2"]
    assert seen["pid"] == 2
    assert seen["passwd"].count("\n") == 2
    assert seen["packages"] == []
    assert seen["descriptors"] == ["0", "1", "2", "3"]  # 3 is the listing's own
    assert "HOST_ONLY" not in seen["environment"]
    assert not [name for name in seen["environment"] if name.startswith(("NOMAD", "SERAI"))]


def test_given_a_container_when_it_writes_then_only_to_its_own_places(look):
    written = look()["written"]
    for path in ("/usr", "/usr/local", "/usr/local/lib", "/pkg", "/__modal"):
        assert written[path] == "Read-only file system", path
    assert written["/proc/sys/kernel"]
    for path in ("/root", "/tmp", "/var/tmp", "/dev/shm"):
        assert written[path] is None, path


def test_given_a_runner_that_is_root_when_the_container_writes_kernel_settings_then_it_cannot(look):
    assert look()["core_pattern"] == "Read-only file system"


def test_given_a_container_then_it_is_root_without_any_power(look, http):
    seen = look()
    assert seen["uid"] == 0
    assert set(seen["capabilities"]) == {"0000000000000000"}
    assert seen["no_new_privileges"] == ["1"]
    assert seen["host"] == http.container
    assert seen["resolved"].startswith("127.")


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's container is that user's")
@pytest.mark.parametrize("network", ["", "node"])
@pytest.mark.parametrize("built", [False, True])
def test_given_a_runner_that_is_root_when_a_container_runs_then_it_and_what_it_writes_is_nobodys_on_the_node(
    node, http, request, built, network
):
    tag = ""
    if built:
        http.answer.update(root={"base": request.getfixturevalue("base"), "layers": []}, python_version=roots.python())
        tag = "cp" + roots.python().replace(".", "")
    node.runtime("import time\nopen('/root/written', 'w').close()\nprint('up')\ntime.sleep(60)", tag)
    process = node.start(SERAI_NETWORK=network)
    node.text_shown(1, "up\n")
    processes = [pid for pid in inside(http.container) if is_below(pid, process.pid)]
    for pid in processes:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        ids = [line.split()[1:] for line in status.splitlines() if line.startswith(("Uid:", "Gid:", "Groups:"))]
        assert {one for line in ids for one in line} == {str(USER)}, status
    written = list(node.containers.rglob("written"))
    assert processes and [(path.stat().st_uid, path.stat().st_gid) for path in written] == [(USER, USER)]
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    assert not list(node.containers.iterdir())


@pytest.mark.parametrize("mode", [0o644, 0o755])
def test_given_a_large_file_when_it_is_shown_from_the_cache_then_it_can_be_read_and_has_its_mode(node, http, mode):
    http.add_file("/root/large", "#!/bin/sh\necho it runs; exit\n" + "x" * LARGE_BYTES, mode=mode)
    node.runtime("""
import os, subprocess
print(len(open("/root/large").read()))
print(os.access("/root/large", os.X_OK) and subprocess.run(["/root/large"], capture_output=True, text=True).stdout.strip())
""")
    assert node.run().out.split("\n")[1] == ("it runs" if mode & 0o100 else "False")


def test_given_an_ordinary_user_when_it_runs_the_runner_then_the_container_is_as_closed(ordinary, http, look, own_by_nobody):
    ordinary.runtime("")
    http.add_file("/root/app.py", "x")
    own_by_nobody(ordinary)
    seen = look(ordinary)
    assert seen["there"] == []
    assert seen["uid"] == 0
    assert seen["executable"].startswith("/usr/bin/python3")
    assert seen["packages"] == []
    assert seen["written"]["/root"] is None
    assert seen["core_pattern"]
    assert not list(ordinary.containers.iterdir())


@pytest.mark.parametrize("python", [sys.executable, "/usr/bin/python3"])
def test_given_an_interpreter_when_it_is_shown_in_the_sandbox_then_its_libraries_work(node, http, python):
    if not os.path.exists(python):
        pytest.skip(f"there is no {python}")
    node.python = python
    node.runtime("""
import bz2, ctypes, hashlib, lzma, multiprocessing, readline, socket, sqlite3, ssl, subprocess, sys, zlib
assert ssl.create_default_context().cert_store_stats()["x509_ca"] > 10
assert sqlite3.connect(":memory:").execute("select 1").fetchone() == (1,)
assert ctypes.CDLL(None).getpid() > 0
assert multiprocessing.get_context("fork").Lock()
for name in (sys.executable, "python", "python3"):
    said = subprocess.run([name, "-c", "import sys, ssl; print(sys.version)"], capture_output=True, text=True)
    assert said.stdout.strip() == sys.version, said
print("fine")
""")
    run = node.run()
    assert run.out == "fine\n", run.err


def test_given_image_environment_when_it_meets_ours_then_ours_wins_where_it_must(look, http):
    http.answer["environment"] = {
        "PATH": "/opt/bin:/usr/bin", "MODAL_SERVER_URL": "http://elsewhere", "MODAL_TASK_ID": "ta-other", "PYTHONPATH": "/opt/lib",
        "LD_PRELOAD": "/root/evil.so", "GREETING": "käse\n=1",
    }  # fmt: skip
    seen = look()["environment"]
    assert seen["PATH"] == "/opt/bin:/usr/bin"
    assert seen["MODAL_SERVER_URL"] == "unix:///__modal/serai.sock"
    assert seen["MODAL_TASK_ID"] == http.container
    assert seen["PYTHONPATH"] == "/root:/pkg:/opt/lib"
    assert seen["GREETING"] == "käse\n=1"
    assert seen["MODAL_HEARTBEAT_INTERVAL"] == "15"


def test_given_a_preload_library_of_the_image_when_the_sandbox_starts_then_it_is_not_loaded_outside(node, http):
    http.answer["environment"] = {"LD_PRELOAD": "/no/such/library.so"}
    node.runtime("print('fine')")
    run = node.run()
    assert run.out == "fine\n"
    assert run.err.count("/no/such/library.so") == 1  # the runtime's own loader; bubblewrap's would make two


def test_given_a_running_container_then_its_token_is_on_no_command_line(node, http):
    node.runtime("import time\nprint('up')\ntime.sleep(60)")
    process = node.start()
    node.text_shown(1, "up\n")
    lines = subprocess.run(["ps", "-A", "-o", "args"], capture_output=True, text=True, check=True).stdout
    assert "container-token" not in lines
    process.send_signal(signal.SIGTERM)
    process.wait(10)


def test_given_sigterm_when_the_runtime_has_no_handler_then_it_dies_of_it_and_that_is_said(node, http):
    node.runtime("import time\nprint('up')\ntime.sleep(60)")
    process = node.start()
    node.text_shown(1, "up\n")
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 128 + 15
    assert http.exits == [{"exit_code": None, "signal": 15, "reason": "ended by the cluster by SIGTERM"}]


def test_given_a_parent_that_ignores_and_blocks_sigint_then_the_runtime_still_hears_it(node, http):
    node.runtime("""
import time
print('up')
try:
    time.sleep(60)
except KeyboardInterrupt:
    print('heard')
""")
    quiet = "import os, signal, sys; "
    quiet += "signal.signal(2, signal.SIG_IGN); signal.pthread_sigmask(0, {2, 15}); os.execv(sys.argv[1], sys.argv[1:])"
    node.prefix = [sys.executable, "-c", quiet]
    process = node.start()
    node.text_shown(1, "up\n")
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    assert http.text(1) == "up\nheard\n"


def test_given_children_of_the_runtime_when_sigint_comes_then_only_the_runtime_gets_it(node, http):
    node.runtime("""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; print('child', flush=True); time.sleep(2); print('child lives')"])
try:
    time.sleep(60)
except KeyboardInterrupt:
    child.wait()
    print('end')
""")
    process = node.start()
    node.text_shown(1, "child\n")
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    assert http.text(1) == "child\nchild lives\nend\n"


def test_given_background_processes_when_the_runtime_ends_then_they_end_too(node, http):
    node.runtime("""
import subprocess
subprocess.Popen(["setsid", "sleep", "300"])
print('end')
""")
    assert node.run(patience_s=20).code == 0
    until(lambda: not inside(http.container), 5)


@pytest.mark.parametrize(
    ("program", "code", "told"),
    [
        ("raise SystemExit(3)", 3, {"exit_code": 3, "signal": None, "reason": "exited with code 3"}),
        (
            "import os; os.kill(os.getpid(), 9)",
            137,
            {"exit_code": None, "signal": 9, "reason": "ended by SIGKILL"},
        ),
        ("import ctypes; ctypes.string_at(0)", 139, {"exit_code": None, "signal": 11, "reason": "ended by SIGSEGV"}),
    ],
)
def test_given_an_end_when_it_is_reported_then_code_or_signal_are_the_runtime_s(node, http, program, code, told):
    node.runtime(program)
    assert node.run().code == code
    assert http.exits == [told]


def test_given_files_when_the_container_changes_them_then_the_cache_keeps_its_own(node, http):
    http.add_file("/root/a.txt", "mine", mode=0o755)
    node.runtime("""
import os
print(oct(os.stat("/root/a.txt").st_mode & 0o777))
open("/root/a.txt", "w").write("yours")
print(open("/root/a.txt").read())
""")
    assert node.run().out == "0o755\nyours\n"
    node.runtime('print(open("/root/a.txt").read())')
    assert node.run().out == "mine\n"
    assert len(http.fetched) <= 1


def test_given_a_workdir_and_files_in_odd_places_then_they_are_where_they_should_be(node, http):
    for path in ("/data/deep/er/x", "/top", "/etc/my/app.conf", "/usr/local/share/app/x", "/tmp/t", "/var/lib/app/x"):
        http.add_file(path, path)
    http.answer["workdir"] = "/app/src"
    node.runtime("""
import os
print(os.getcwd())
for path in ("/data/deep/er/x", "/top", "/etc/my/app.conf", "/usr/local/share/app/x", "/tmp/t", "/var/lib/app/x"):
    assert open(path).read() == path
""")
    run = node.run()
    assert run.out == "/app/src\n", run.err


def test_given_a_socket_path_longer_than_the_kernel_s_limit_then_the_container_starts(node, http):
    node.runtime('import os; print(os.path.exists("/__modal/serai.sock"))')
    deep = node.directory / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    assert node.run(NOMAD_TASK_DIR=str(deep)).out == "True\n"


def test_given_directories_nobody_can_enter_when_the_container_ends_then_its_scratch_is_removed(node, http):
    node.runtime('import os; os.makedirs("/root/a/b"); open("/root/a/b/c", "w"); os.chmod("/root/a/b", 0); os.chmod("/root/a", 0)')
    assert node.run().code == 0
    assert not list(node.containers.iterdir())


def test_given_a_value_that_would_be_an_option_when_it_has_a_nul_then_nothing_is_started(node, http):
    http.answer["environment"] = {"OTHER": "--setenv", "SECRET": "hush\0--bind\0/\0/host"}
    node.runtime("import os; print(os.listdir('/host'))")
    run = node.run()
    assert run.code == 1 and run.out == ""
    assert http.exits[0]["reason"] == "a NUL character cannot be in the value of the environment variable SECRET"
    assert "hush" not in run.err + http.text(3)


@pytest.mark.parametrize("words", [["--setenv", "N\0AME", "value"], ["--setenv", "A", "--setenv", "--setenv", "B\0", "value"]])
def test_given_a_name_with_a_nul_when_it_would_be_an_option_then_no_value_is_told(words):
    with pytest.raises(Failed, match=r"NUL character cannot be in .* --setenv") as refused:
        sandbox._in_one(["--clearenv", "--chdir", "/", *words])
    assert "value" not in str(refused.value).replace("the value of", "")


@pytest.mark.parametrize("limits", [None, {"pids": 100}])
def test_given_a_sandbox_that_cannot_be_set_up_then_bubblewrap_s_reason_is_reported(node, http, limits):
    http.answer.update(workdir="/usr/no/such/place", limits=limits)
    node.runtime("print('never')")
    run = node.run()
    assert run.code == 1 and run.out == ""
    assert "the sandbox could not be set up on this node" in http.exits[0]["reason"]
    assert "Read-only file system" in http.exits[0]["reason"]
    assert not list(node.containers.iterdir())


def test_given_a_sandbox_that_was_not_let_go_when_it_is_killed_then_nothing_of_it_goes_on():
    from serai_runner import sandbox

    def options(fds):
        words = ["--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev"]
        return [*words, *(word for name, fd in fds.items() for word in (name, str(fd)))]

    process = sandbox.spawn([sandbox.find_bwrap()], options, ["sleep", "600"], held=True)
    assert process.init
    process.kill()
    process.release()
    assert process.wait().signum == signal.SIGKILL
    output = select.poll()
    output.register(process.pipes[1])
    assert output.poll(10_000)  # nobody can write there any more


def test_given_a_node_without_bubblewrap_then_it_is_told_what_to_install(node, http, monkeypatch):
    from serai_runner import sandbox
    from serai_runner.problems import Failed

    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(Failed, match="apt install bubblewrap"):
        sandbox.find_bwrap()
