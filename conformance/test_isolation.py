# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""What user code sees of the machine it runs on."""

import os
from pathlib import Path

import confined
import pytest
from serai_conformance.platform import Platform


@pytest.fixture(scope="module", autouse=True)
def app():
    with confined.app.run():
        yield


def test_given_a_file_of_the_hosts_when_read_then_it_is_not_there(tmp_path: Path):
    secret = tmp_path / "secret.txt"
    secret.write_text("for the host only")
    assert confined.read.remote(str(secret)) is None
    assert confined.read.remote(str(Path(__file__).resolve())) is None


def test_given_the_hosts_home_and_data_when_listed_then_nothing_of_them_is_there():
    for path in {str(Path.home()), "/home", os.environ.get("SERAI_HOME", "/var/lib/serai"), "/var/lib"}:
        seen = confined.listed.remote(path)
        if path == "/root":  # every container has one of its own
            assert set(seen) <= {"confined.py", "__pycache__"}, path
        else:
            assert not seen, path


def test_given_the_hosts_password_hashes_when_read_then_they_are_not_there():
    assert confined.read.remote("/etc/shadow") is None


def test_given_the_agents_files_when_looked_for_then_no_pool_secret_is_in_sight():
    seen = confined.environment.remote()
    assert not [name for name in seen if name.startswith(("NOMAD_", "SERAI_"))]
    assert "MODAL_TOKEN_ID" not in seen and "MODAL_TOKEN_SECRET" not in seen
    assert confined.listed.remote("/secrets") is None


def test_given_the_hosts_environment_when_looked_at_then_it_was_not_passed_on(platform: Platform):
    values = "\n".join(confined.environment.remote().values())
    assert platform.token_secret not in values
    assert platform.api_token not in values


def test_given_other_processes_on_the_host_when_looked_for_then_only_our_own_are_seen():
    seen = confined.processes.remote()
    assert len(seen) <= 3
    assert not [line for line in seen if "java" in line or "pytest" in line]
    assert confined.kill.remote(os.getpid()) == "ProcessLookupError"


def test_given_the_system_when_written_to_then_it_is_read_only():
    assert confined.write.remote("/usr/lib/serai-was-here") is False
    assert confined.write.remote("/etc/passwd") is False


def test_given_its_own_places_when_written_to_then_a_container_may():
    assert confined.write.remote("/root/mine.txt") and confined.write.remote("/tmp/mine.txt")


def test_given_two_containers_when_both_use_tmp_then_each_has_its_own():
    calls = [confined.leave_in_tmp.spawn(name, 3.0) for name in ("one", "other")]
    (task, files), (other_task, other_files) = (call.get(timeout=60) for call in calls)
    assert task != other_task
    assert "one" in files and "other" not in files
    assert "other" in other_files and "one" not in other_files
    assert not Path("/tmp/one").exists()
