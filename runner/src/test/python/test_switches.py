# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What is said on a node that permits ordinary users no namespaces, as Ubuntu 24.04 does: the setting, and how it is changed."""

from __future__ import annotations

import ctypes
import errno
import os

import pytest
from serai_runner import doctor, inotify, namespaces, network, sandbox, switches
from serai_runner.problems import Failed

CURE = "restrict is 1: sysctl -w restrict=0"


@pytest.fixture(autouse=True)
def restricted(tmp_path, monkeypatch):
    """The kernel's setting is a file of this test's."""
    (tmp_path / "restrict").write_text("1\n")
    others = (str(tmp_path / "none"), "0", "another one")
    monkeypatch.setattr(switches, "SWITCHES", (others, (str(tmp_path / "restrict"), "1", "sysctl -w restrict=0")))


@pytest.fixture
def stage(tmp_path, monkeypatch):
    """One that has mounted nothing yet, and does not."""
    if os.geteuid():
        pytest.skip("only root has users of its own")
    monkeypatch.setattr(namespaces, "mount", lambda *words: None)
    stage = object.__new__(namespaces.Stage)
    stage.users = str(tmp_path / "users")
    return stage


def test_given_such_a_node_when_users_cannot_be_made_then_the_reason_and_the_setting_are_told(stage, monkeypatch):
    class Forbidding:
        def unshare(self, flags: int) -> int:
            ctypes.set_errno(errno.EACCES)
            return -1

    monkeypatch.setattr(namespaces, "_libc", Forbidding())
    with pytest.raises(Failed, match=f"no users of our own: PermissionError.*Permission denied: 'a user namespace'.*{CURE}"):
        stage._make_users(0)


def test_given_such_a_node_when_they_are_made_but_may_nothing_then_the_reason_and_the_setting_are_told(stage, monkeypatch):
    def denied() -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/proc/sys/user/max_inotify_instances")

    monkeypatch.setattr(inotify, "share", denied)
    with pytest.raises(Failed, match=f"no users of our own: PermissionError.*max_inotify_instances'.*{CURE}"):
        stage._make_users(0)


def test_given_another_reason_when_users_cannot_be_made_then_no_setting_is_blamed(stage, tmp_path, monkeypatch):
    (tmp_path / "restrict").write_text("0\n")
    monkeypatch.setattr(inotify, "share", lambda: 1 / 0)
    with pytest.raises(Failed, match="ZeroDivisionError: division by zero "):
        stage._make_users(0)


def test_given_such_a_node_when_a_network_cannot_be_made_then_the_reason_and_the_setting_are_told(monkeypatch):
    def denied(*_: object) -> None:
        raise PermissionError(errno.EACCES, "no user namespaces here")

    monkeypatch.setattr(network, "_make", denied)
    own = network.Network(outside=False)
    try:
        with pytest.raises(Failed, match=f"no network of their own: PermissionError.*no user namespaces here.*{CURE}"):
            own.made()
    finally:
        own.close()


def test_given_such_a_node_when_the_doctor_finds_no_sandbox_then_it_advises_the_setting(monkeypatch):
    monkeypatch.setattr(sandbox, "probe", lambda path: "bwrap: setting up uid map: Permission denied")
    found = doctor._bubblewrap()
    assert not found["works"] and [CURE in one for one in found["advice"]] == [True]
