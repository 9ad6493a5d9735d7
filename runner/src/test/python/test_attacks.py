# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Ways out of a sandbox, tried from inside: none may lead anywhere. Each try says what it got, if it got something."""

from __future__ import annotations

import json
import os
import pathlib

import pytest
import roots
from fakes import HttpServer, until
from launch import Node
from serai_runner import relay
from test_relay import Echo

# Each function returns something true if it succeeded. Raising is failing.
TRIES = r'''
import ctypes, errno, fcntl, glob, json, mmap, os, resource, signal, socket, stat, struct, subprocess, sys

libc = ctypes.CDLL(None, use_errno=True)
ALL = []

def attempt(function):
    ALL.append(function)
    return function

def call(number, *arguments):
    result = libc.syscall(number, *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result

def passes(number, *arguments):
    """Whether it got past the filter: only EPERM is the filter's word, any other is what the kernel said of the arguments."""
    try:
        call(number, *arguments)
    except OSError as e:
        return None if e.errno == errno.EPERM else e.strerror
    return True

def reads(path):
    with open(path, "rb") as file:
        return file.read(64)

def writes(path, text=b"x"):
    with open(path, "wb", buffering=0) as file:
        return file.write(text) > 0

# --- files of the node and of others
def file_attempt(name, path):
    def f(): return reads(path)
    f.__name__ = name
    ALL.append(f)

for name, path in {
    "shadow_of_the_node": "/etc/shadow", "passwd_of_the_node": "/etc/passwd-", "servers_secrets": SECRET,
    "other_containers_files": OTHER, "nodes_cache": CACHE + "/other", "nodes_root_by_proc": "/proc/1/root" + SECRET,
    "agents_secret": ALLOC + "/secrets/pool-secret", "home_of_the_node": HOME + "/.bashrc",
    "kernel_memory": "/dev/mem", "kernel_core": "/proc/kcore", "kernel_messages": "/dev/kmsg", "disk": "/dev/vda", "disk_sd": "/dev/sda",
    "ssh_host_key": "/etc/ssh/ssh_host_rsa_key", "kernel_symbols_of_boot": "/boot/vmlinuz",
}.items():
    file_attempt(name, path)

@attempt
def shadow_is_the_nodes():
    return "/etc/shadow" if os.path.exists("/etc/shadow") and b"$" in reads("/etc/shadow") else None

@attempt
def symlink_into_the_node():
    os.symlink(SECRET, "/tmp/link")
    return reads("/tmp/link")

@attempt
def symlink_of_own_files_into_the_node():
    os.symlink("/proc/1/root", "/root/up")
    return reads("/root/up" + SECRET)

@attempt
def dots_out_of_the_root():
    return reads("/root" + "/.." * 40 + SECRET)

# --- files of the node's root that somebody has shown it by mistake
for leaked in LEAKED:
    def f(leaked=leaked):
        return reads(leaked)
    f.__name__ = "read_of_a_leak_" + leaked.rpartition("/")[2]
    ALL.append(f)

    def f(leaked=leaked):
        return writes(leaked)
    f.__name__ = "write_to_a_leak_" + leaked.rpartition("/")[2]
    ALL.append(f)

    def f(leaked=leaked):
        os.chmod(leaked, 0o666)
        return True
    f.__name__ = "chmod_of_a_leak_" + leaked.rpartition("/")[2]
    ALL.append(f)

@attempt
def new_file_in_a_leak():
    return LEAKED_DIRECTORY and writes(LEAKED_DIRECTORY + "/mine")

@attempt
def files_of_the_nodes_root_are_its_own():
    """Whose /proc is: not made by a container, which has no power over its own process's files there if root owns them."""
    return [p for p in ("/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/kcore") if os.path.exists(p)
            and os.stat(p).st_uid == os.getuid()]

@attempt
def signal_to_processes_of_the_node():
    found = []
    for pid in (NODE_PID, *range(3, 5000)):
        try:
            if pid != os.getpid():
                os.kill(pid, 0)
                found.append(pid)
        except ProcessLookupError:
            pass
    return found

@attempt
def handle_of_a_process_of_the_node():
    return os.pidfd_open(NODE_PID)

@attempt
def memory_of_a_process_of_the_node():
    return call(310, NODE_PID, 0, 0, 0, 0, 0) >= 0

@attempt
def ptrace_of_a_process_of_the_node():
    return call(101, 16, NODE_PID, 0, 0) == 0

@attempt
def descriptors_of_the_parent():
    paths = ["/proc/1/fd/" + name for name in os.listdir("/proc/1/fd")]
    own = os.stat("/proc/self/ns/user").st_ino
    return [p for p in paths if not os.readlink(p).startswith(("/dev/null", "pipe:", "anon_inode:[eventfd]"))
            and os.stat(p).st_ino != own]

for where, text in (("uid_map", b"0 0 1"), ("gid_map", b"0 0 1"), ("setgroups", b"allow"), ("oom_score_adj", b"-1000")):
    def f(where=where, text=text):
        return writes("/proc/self/" + where, text)
    f.__name__ = "write_to_own_" + where
    ALL.append(f)

@attempt
def parents_environment():
    return b"SERAI" in reads("/proc/1/environ") or b"NOMAD" in open("/proc/1/environ", "rb").read()

@attempt
def other_processes():
    return [p for p in os.listdir("/proc") if p.isdigit() and int(p) not in (1, os.getpid())]

@attempt
def signal_to_everybody():
    os.kill(1, signal.SIGKILL)
    return os.path.exists("/proc/1") is False

@attempt
def memory_of_the_parent():
    with open("/proc/1/mem", "rb") as memory:
        maps = open("/proc/1/maps").readline().split("-")[0]
        memory.seek(int(maps, 16))
        return memory.read(16) and "NOMAD" in open("/proc/1/environ").read()

@attempt
def ptrace_of_the_parent():
    return call(101, 16, 1, 0, 0) == 0

@attempt
def process_vm_readv_of_the_parent():
    return call(310, 1, 0, 0, 0, 0, 0) >= 0

# --- files of the platform in here
for where in ("/usr/bin/x", "/usr/local/bin/x", "/pkg/x", "/__modal/x", "/__modal/arguments"):
    def f(where=where):
        return writes(where) and not (BUILT and where.startswith("/usr"))  # of its own root it may write what it likes
    f.__name__ = "write_to_" + where.strip("/").replace("/", "_")
    ALL.append(f)

# --- the kernel's settings
for where in ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sys/vm/drop_caches", "/proc/sysrq-trigger",
              "/proc/sys/kernel/modprobe", "/proc/sys/fs/binfmt_misc/register", "/sys/kernel/uevent_helper",
              "/sys/fs/cgroup/release_agent", "/sys/fs/cgroup/memory/release_agent", "/proc/sys/user/max_user_namespaces",
              "/sys/fs/cgroup/cgroup.procs"):
    def f(where=where):
        return writes(where, b"1")
    f.__name__ = "write_to_" + where.strip("/").replace("/", "_")
    ALL.append(f)

# --- privileges
@attempt
def capabilities():
    return [l for l in open("/proc/self/status") if l.startswith("Cap") and int(l.split()[1], 16)]

@attempt
def new_privileges():
    return "NoNewPrivs:\t0" in open("/proc/self/status").read()

@attempt
def setuid_to_another():
    os.setresuid(12345, 12345, 12345)
    return os.getuid() == 12345

@attempt
def setgroups():
    os.setgroups([0, 4, 6, 27])
    return os.getgroups()

@attempt
def setuid_program():
    """A program that is setuid root must not bring anything."""
    with open("/tmp/s", "wb") as file:
        file.write(b"#!/bin/sh\ngrep CapEff /proc/self/status\n")
    os.chmod("/tmp/s", 0o6755)
    said = subprocess.run(["/tmp/s"], capture_output=True, text=True).stdout
    return said and int(said.split()[1], 16)

@attempt
def chroot():
    os.chroot("/tmp")
    return True

@attempt
def device_node():
    os.mknod("/tmp/disk", 0o600 | stat.S_IFBLK, os.makedev(8, 0))
    return reads("/tmp/disk")

@attempt
def device_node_of_memory():
    os.mknod("/tmp/mem", 0o600 | stat.S_IFCHR, os.makedev(1, 1))
    return reads("/tmp/mem")

@attempt
def chown_to_another():
    open("/tmp/o", "w").close()
    os.chown("/tmp/o", 12345, 12345)
    return os.stat("/tmp/o").st_uid == 12345

# --- system calls (x86-64)
if os.uname().machine == "x86_64":
    for name, number, arguments in (
        ("mount", 165, (b"none", b"/tmp", b"tmpfs", 0, 0)), ("umount", 166, (b"/proc", 2)), ("pivot_root", 155, (b"/tmp", b"/tmp")),
        ("user_namespace", 272, (0x10000000,)), ("mount_namespace", 272, (0x20000,)), ("network_namespace", 272, (0x40000000,)),
        ("keyctl", 250, (0, -3, 1)), ("add_key", 248, (b"user", b"k", b"v", 1, -3)), ("request_key", 249, (b"user", b"k", 0, 0)),
        ("bpf", 321, (5, 0, 0)), ("perf_event", 298, (0, 0, -1, -1, 0)), ("userfaultfd", 323, (0,)), ("io_uring", 425, (1, 0)),
        ("module", 313, (0, b"", 0)), ("kexec", 246, (0, 0, 0, 0)), ("reboot", 169, (0xFEE1DEAD, 672274793, 0, 0)),
        ("swapoff", 168, (b"/swap",)), ("clock", 227, (0, 0)), ("handle", 304, (-100, 0, 0)), ("fsopen", 430, (b"tmpfs", 0)),
        ("open_tree", 428, (-100, b"/", 1)), ("setns", 308, (0, 0)), ("iopl", 172, (3,)), ("acct", 163, (b"/tmp/a",)),
        ("syslog", 103, (3, 0, 0)), ("quotactl", 179, (0, 0, 0, 0)), ("sethostname", 170, (b"x", 1)),
    ):
        def f(number=number, arguments=arguments):
            return passes(number, *arguments)
        f.__name__ = "call_" + name
        ALL.append(f)

    @attempt
    def clone_of_a_user_namespace():
        pid = libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0)
        if pid == 0:
            os._exit(0)
        return pid > 0

    @attempt
    def calls_of_another_architecture():
        return passes(0x40000000 + 165, b"none", b"/tmp", b"tmpfs", 0, 0)

# --- the network
@attempt
def raw_socket():
    return socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)

@attempt
def packet_socket():
    return socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3)

@attempt
def hypervisor_socket():
    return socket.socket(40, socket.SOCK_STREAM)

@attempt
def bridge_to_the_node():
    """Another interface, or another address for its own one."""
    s = socket.socket(); fcntl.ioctl(s, 0x8916, struct.pack("16sHH4s8x", b"eth0", 2, 0, bytes((127, 0, 0, 9))))
    return True

@attempt
def interface_down():
    s = socket.socket(); fcntl.ioctl(s, 0x8914, struct.pack("16sH22x", b"eth0", 0))
    return True

@attempt
def tap_of_its_own():
    return open("/dev/net/tun", "rb")

@attempt
def filter_of_its_network_away():
    """As root of a network may: RTM_DELQDISC of clsact."""
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    s.bind((0, 0))
    kind = b"clsact\0\0"
    body = struct.pack("=BxxxiIII", 0, socket.if_nametoindex("eth0"), 0xFFFF0000, 0xFFFFFFF1, 0)
    body += struct.pack("=HH", 4 + 7, 1) + kind
    s.send(struct.pack("=IHHII", 16 + len(body), 37, 0x5, 1, 0) + body)
    return struct.unpack_from("=i", s.recv(4096), 16)[0] == 0

@attempt
def route_of_its_own():
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    s.bind((0, 0))
    body = struct.pack("=BBBBBBBBI", 2, 32, 0, 0, 254, 4, 253, 1, 0) + struct.pack("=HH4s", 8, 1, bytes((127, 0, 0, 9)))
    body += struct.pack("=HHI", 8, 4, socket.if_nametoindex("eth0"))
    s.send(struct.pack("=IHHII", 16 + len(body), 24, 0x405, 1, 0) + body)
    return struct.unpack_from("=i", s.recv(4096), 16)[0] == 0

@attempt
def settings_of_its_network():
    return writes("/proc/sys/net/ipv4/conf/all/route_localnet", b"1")

@attempt
def nodes_sockets():
    return [p for p in glob.glob("/run/**/*.sock", recursive=True) + glob.glob("/var/run/**/*.sock", recursive=True)]

@attempt
def inject_into_the_terminal():
    fcntl.ioctl(0, 0x5412, b"x")
    return True

# --- use of everything
@attempt
def fork_bomb():
    """More processes than the limit allows."""
    children = []
    try:
        for _ in range(200):
            pid = os.fork()
            if pid == 0:
                signal.pause()
            children.append(pid)
    except BlockingIOError:
        return None
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL); os.waitpid(pid, 0)
    return PIDS and len(children)

found = {}
for function in ALL:
    try:
        got = function()
    except (OSError, ValueError, MemoryError) as e:
        got = None
    if got:
        found[function.__name__] = repr(got)[:200]
print(json.dumps({"tries": len(ALL), "found": found}))
'''


@pytest.fixture
def secret_of_the_node():
    """A file that everybody on the node may read, and nobody in a sandbox."""
    path = pathlib.Path("/var/tmp") / f"serai-test-{os.getpid()}"
    path.write_text("a secret")
    yield str(path)
    path.unlink()


def leak(machine: pathlib.Path) -> dict[str, str]:
    """Files of root's, for itself or its group only, and a directory. @return variables that make the runner show them"""
    (machine / "dev/nvidia-uvm").mkdir(parents=True)
    for name, mode in (("nvidia0", 0o600), ("nvidiactl", 0o660)):
        path = machine / "dev" / name
        path.write_text("for root only")
        path.chmod(mode)
    known = machine / "proc/driver/nvidia/gpus/0000:01:00.0"
    known.mkdir(parents=True)
    known.joinpath("information").write_text("GPU UUID: GPU-1\nDevice Minor: 0\n")
    return {"NVIDIA_DEV_ROOT": str(machine), "SERAI_GPUS": "1", "NVIDIA_VISIBLE_DEVICES": "GPU-1"}


@pytest.fixture
def attack(node, http, secret_of_the_node):
    """Tries all of it. @return what succeeded"""

    def run(tag: str = "") -> dict:
        other = node.directory / "other"
        other.mkdir()
        (other / "file").write_text("of another task")
        leaks = {}
        if os.geteuid() == 0:  # by the way that device nodes take
            leaks = leak(node.directory / "machine")
        known = {
            "LEAKED": ["/dev/nvidia0", "/dev/nvidiactl"] if leaks else [],
            "LEAKED_DIRECTORY": "/dev/nvidia-uvm" if leaks else "", "NODE_PID": os.getpid(),
            "SECRET": secret_of_the_node, "OTHER": str(other / "file"), "CACHE": node.cache, "ALLOC": str(node.directory),
            "HOME": str(pathlib.Path.home()), "BUILT": bool(tag), "PIDS": os.geteuid() == 0,
        }  # fmt: skip
        http.answer["limits"] = {"pids": 64}
        node.runtime("\n".join(f"{name} = {value!r}" for name, value in known.items()) + TRIES, tag)
        ended = node.run(120, **leaks)
        assert ended.out, ended.err + str(http.exits)
        said = json.loads(ended.out.strip().splitlines()[-1])
        assert said["tries"] >= 50
        return said["found"]

    return run


def test_given_a_container_when_it_tries_to_get_out_then_nothing_leads_anywhere(attack):
    assert attack() == {}


def test_given_a_container_with_a_root_of_its_own_when_it_tries_to_get_out_then_nothing_leads_anywhere(attack, http, base):
    http.answer.update(root={"base": base, "layers": []}, python_version=roots.python())
    assert attack("cp" + roots.python().replace(".", "")) == {}


MANY = r"""
import errno, json, os, socket, time
ways = {"relay": (socket.AF_UNIX, "/__modal/serai.sock"), "store": (socket.AF_INET, ("127.0.0.1", 59))}
made = []
for family, address in ways.values():
    until = time.monotonic() + 5
    for _ in range(2000):
        made.append(socket.socket(family))
        made[-1].settimeout(0)
        while made[-1].connect_ex(address) == errno.EAGAIN and time.monotonic() < until:
            time.sleep(0.001)  # others are being taken
print("open", flush=True)
while not os.path.exists("/root/go"):
    time.sleep(0.01)
for one in made:
    one.close()
def answer(name, said):
    with socket.socket(ways[name][0]) as one:
        one.settimeout(60)
        one.connect(ways[name][1])
        one.sendall(said)
        return one.recv(12).decode()
print(json.dumps([answer("relay", b"x"), answer("store", b"GET / HTTP/1.1\r\n\r\n")]), flush=True)
"""


def test_given_a_container_that_makes_many_connections_when_they_are_open_then_the_runner_has_few_threads_for_them(node, http):
    server = Echo()
    http.answer["servers"] = http.servers(f"http://127.0.0.1:{server.port}")
    node.runtime(MANY)
    process = node.start()
    node.text_shown(1, "open\n")
    until(lambda: threads(process.pid) > 3 * relay.MOST, what="connections that are all served")
    assert threads(process.pid) < 3 * relay.MOST + 32 and len(server.connections) <= relay.MOST
    assert "256 connections to the server, which is the most" in http.text(3)
    (node.containers / http.container / "tree" / "root" / "go").touch()
    node.text_shown(1, json.dumps(["x", "HTTP/1.1 403"]), 60)  # after thousands that came and went
    assert process.wait(20) == 0
    server.close()


WATCHES = """
import ctypes, os, time
made = 0
while made < 1000 and ctypes.CDLL(None).inotify_init1(0) >= 0:
    made += 1
print(made, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("kind", ["plain", "shared network", "built", "ordinary"])
def test_given_a_container_that_takes_all_inotify_instances_that_it_may_when_another_one_wants_some_then_it_has_as_many(
    request, http, own_by_nobody, kind
):
    """The kernel counts them by user, and a node's containers are one."""
    node = request.getfixturevalue("ordinary" if kind == "ordinary" else "node")
    tag, more = "", {"SERAI_NETWORK": "node"} if kind == "shared network" else {}
    if os.geteuid() and kind != "plain":
        pytest.skip("needs root")
    if kind == "built":
        http.answer.update(root={"base": request.getfixturevalue("base"), "layers": []}, python_version=roots.python())
        tag = "cp" + roots.python().replace(".", "")
    node.runtime(WATCHES, tag)
    (node.directory / "beside").mkdir()
    with HttpServer() as server, Node(node.packed, node.cache, server, node.directory / "beside") as other:
        server.answer.update(http.answer)
        other.python, other.prefix = node.python, node.prefix
        if kind == "ordinary":
            own_by_nobody(node)
        part = min(128, int(pathlib.Path("/proc/sys/fs/inotify/max_user_instances").read_text()) // 8)
        said = f"{part - 1 if kind == 'ordinary' or os.geteuid() else part}\n"  # there pasta has one of them
        for one in (node, other):
            one.start(**more)
            one.text_shown(1, said)


def threads(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/task"))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs control groups")
def test_given_a_container_that_takes_all_memory_when_it_is_killed_then_the_reason_says_so(node, http):
    http.answer["limits"] = {"memory_mb": 64}
    node.runtime("x = bytearray(256 << 20)\nfor i in range(0, len(x), 4096): x[i] = 1\nprint('all of it')")
    ended = node.run()
    assert "all of it" not in ended.out
    assert "out of memory" in http.exits[0]["reason"]
