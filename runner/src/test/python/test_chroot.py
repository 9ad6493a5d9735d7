# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""In a root as Nomad's driver `exec` makes it: a process namespace, covers over /proc, no control groups, few devices, few capabilities."""

import os
import subprocess
import sys

import pytest
from serai_runner import chroot

ONE = "9:name=systemd:/nomad/a\n4:memory:/nomad/a\n3:cpuset:/nomad/share\n2:cpu,cpuacct:/nomad/a\n1:pids:/nomad/a\n0::/nomad/a\n"
TWO = "0::/nomad.slice/share.slice/a.scope\n"
# What the driver does, but for the root itself.
SURROUNDINGS = """
mount -t proc proc /proc
for name in sys irq bus; do mount --bind /proc/$name /proc/$name; mount -o remount,bind,ro /proc/$name; done
mount -t tmpfs -o ro none /sys/fs/cgroup
mkdir "$1/dev"
for name in null zero full random urandom tty; do cp -a /dev/$name "$1/dev/$name"; done
mount --rbind "$1/dev" /dev
shift
exec setpriv --bounding-set="$CAPABILITIES" --inh-caps=-all "$@"
"""
OWN = "chown dac_override fowner fsetid kill mknod net_bind_service setfcap setgid setpcap setuid sys_chroot audit_write"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def run(packed, directory, more: str, **environment: str) -> subprocess.CompletedProcess:
    capabilities = ",".join(["-all", *(f"+{name}" for name in (OWN + more).split())])
    return subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "sh", "-euc", SURROUNDINGS, "sh", directory, sys.executable, packed, "doctor"],
        env=os.environ | environment | {"CAPABILITIES": capabilities},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@needs_root
def test_a_root_that_is_completed_can_have_containers_with_networks_and_limits(packed, tmp_path):
    done = run(packed, tmp_path, " sys_admin sys_ptrace", SERAI_CHROOT="1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "bubblewrap" in done.stdout and "does not work" not in done.stdout
    assert "none usable" not in done.stdout


@needs_root
def test_without_it_there_are_none_and_that_is_said(packed, tmp_path):
    done = run(packed, tmp_path, " sys_admin sys_ptrace")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "containers cannot run here" in done.stdout


@needs_root
def test_without_the_capability_that_is_said(packed, tmp_path):
    done = run(packed, tmp_path, "", SERAI_CHROOT="1")
    assert done.returncode == 1
    assert "driver exec" in done.stderr


def test_what_is_mounted_follows_the_control_groups_that_the_process_is_in(tmp_path):
    own = tmp_path / "cgroup"
    own.write_text(ONE)
    root = "/sys/fs/cgroup"
    assert chroot.groups(str(own)) == [
        ("cgroup", "memory", f"{root}/memory"),
        ("cgroup", "cpu,cpuacct", f"{root}/cpu,cpuacct"),
        ("cgroup", "pids", f"{root}/pids"),
    ]
    own.write_text(TWO)
    assert chroot.groups(str(own)) == [("cgroup2", "", root)]
