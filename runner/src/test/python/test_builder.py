# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Builds and what runs on them, on a small root that an operator gave: no network, no packages."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import tempfile

import pytest
import roots
from fakes import until
from serai_runner import entries, interpreter, layers, locks, namespaces
from serai_runner.files import LARGE_BYTES, Cache, sha256_of

pytestmark = pytest.mark.skipif(not roots.available(), reason="needs root, nsenter and the distribution's Python")

PATH = "/usr/local/bin:/usr/bin:/bin"
SHELL = ["/bin/sh", "-c"]


def run(line: str, directory: str = "/", user: str = "", **environment: str) -> dict:
    return step("RUN", line, command=[*SHELL, line], environment={"PATH": PATH, **environment}, directory=directory, user=user)


def copy(sources: list[str], target: str, directory: str = "/", user: str = "") -> dict:
    return step("COPY", f"COPY {sources} {target}", sources=sources, target=target, directory=directory, user=user)


def step(kind: str, line: str, **more: object) -> dict:
    whole = {"command": [], "environment": {}, "directory": "/", "user": "", "sources": [], "target": ""}
    return {"kind": kind, "line": line, **whole, **more}


@pytest.fixture
def build(node, http, base):
    """Runs a builder to its end; on an earlier one's layers if they are given."""

    def do(*steps: dict, context: tuple = (), below: tuple = (), disk_mb: int | None = None, bases: dict | None = None) -> dict:
        http.build = {
            "build": "po-build", "token": "po-build.bt-1", "root": {"base": base, "layers": list(below)}, "memory_mb": 512,
            "disk_mb": disk_mb, "work": [{
                "image": "im-1", "steps": list(steps), "bases": bases or {}, "context": list(context), "secrets": {"HUSH": "a secret"},
            }],
        }  # fmt: skip
        ended = node.run(120, SERAI_BUILD="1")
        assert http.build_ends, ended.err
        return {"end": http.build_ends[-1], "made": list(http.build_layers), "err": ended.err}

    return do


def test_given_steps_when_built_then_the_layer_has_what_they_left(build, node, http):
    http.add_file("/data/a/one.txt", "1")
    http.add_file("/note.txt", "note")
    result = build(
        run("echo $GREETING > /greeting; id -u > /who; pwd > /where; echo $HUSH > /hush", directory="/work", GREETING="hi"),
        copy(["data", "/note.txt"], "copied/", directory="/work"),
        run("chown 12:34 /who; rm -r /opt"),
        run("id -un > /tmp/user", user="nobody"),
        context=tuple(http.listed),
    )
    assert result["end"] == {"ok": True, "reason": "", "reference": ""}
    layer = pathlib.Path(node.cache, "layers", result["made"][0]["digest"][: layers.NAME])
    assert (layer / "greeting").read_text() == "hi\n"
    assert (layer / "hush").read_text() == "a secret\n"
    assert (layer / "where").read_text() == "/work\n"
    assert (layer / "work/copied/a/one.txt").read_text() == "1"
    assert (layer / "work/copied/note.txt").read_text() == "note"
    assert (layer / "tmp/user").read_text() == "nobody\n"
    assert os.stat(layer / "who").st_uid == namespaces.FIRST + 12
    assert os.stat(layer / "greeting").st_uid == namespaces.FIRST, "root of a build is nobody on the node"
    assert result["made"][0]["python"].startswith("3.")


def test_given_a_command_that_prints_when_its_layer_is_told_then_what_it_said_was_told_before(build):
    assert build(run("echo of the first; printf 'no end'"))["made"][0]["said"] == "of the first\nno end"


def test_given_the_same_steps_when_built_again_then_it_is_the_same_layer(build):
    first = build(run("echo same > /same"))["made"][-1]["digest"]
    assert build(run("echo same > /same"))["made"][-1]["digest"] == first
    assert build(run("echo other > /same"))["made"][-1]["digest"] != first


def test_given_one_content_several_times_when_stacked_then_each_counts_where_it_is(build, node, http, base):
    def made(line: str, *below: str) -> str:
        return build(run(line), below=below)["made"][-1]["digest"]

    first = made("echo a > /f")
    second = made("echo b > /f", first)
    third = made("echo a > /f", first, second)
    made("test $(cat /f) = a", first, second, third)
    assert http.build_ends[-1]["ok"]
    nothing = made("true", first, second, third)
    made("true", first, second, third, nothing)
    assert http.build_ends[-1]["ok"]


def test_given_a_command_that_fails_when_built_then_its_words_are_told_and_nothing_is_left(build, node):
    before = set(os.listdir(pathlib.Path(node.cache, "layers"))) if pathlib.Path(node.cache, "layers").exists() else set()
    result = build(run("echo fine"), run("echo because of this >&2; exit 7"), run("echo never"))
    assert not result["end"]["ok"]
    assert "exit code 7" in result["end"]["reason"] and "because of this" in result["end"]["reason"]
    assert result["made"] == []
    left = set(os.listdir(pathlib.Path(node.cache, "layers"))) - before
    assert not [name for name in left if not name.startswith("given-")]
    assert not list(node.containers.iterdir())


def test_given_a_build_when_it_is_stopped_then_it_ends_and_nothing_is_left(node, http, base):
    http.build = {
        "build": "po-build", "token": "po-build.bt-1", "root": {"base": base, "layers": []}, "memory_mb": 512,
        "work": [{"image": "im-1", "steps": [run("echo begun; sleep 300")], "context": [], "secrets": {}}],
    }  # fmt: skip
    process = node.start(SERAI_BUILD="1")
    until(lambda: "begun" in http.text(1), 60, "the command has begun")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert not http.build_ends[-1]["ok"]
    assert not [name for name in os.listdir(pathlib.Path(node.cache, "layers")) if name.startswith(".partial")]


WRITE = """
import os, time
with open("/opt/large", "wb") as file:
    {before}
    for _ in range({mib}):
        file.write(bytes(1 << 20))
    file.flush()
    time.sleep({then_s})
"""
FULL = "is out of disk: it wrote more than 100 MiB. The platform's operator allows builds more by serai.image.build-disk=…"


def write(mib: int, then_s: float = 0, before: str = "pass") -> dict:
    script = WRITE.format(mib=mib, then_s=then_s, before=before)
    return step("RUN", f"RUN write {mib}", command=["python3", "-c", script], environment={"PATH": PATH})


@pytest.mark.parametrize(
    "writing",
    [write(200, 300), write(200, 300, 'os.unlink("/opt/large")'), write(200)],
    ids=["named", "removed", "ended before anybody looked"],
)
def test_given_a_command_that_writes_more_than_a_build_may_when_built_then_it_is_named_and_nothing_is_left(build, node, writing):
    result = build(run("echo fine"), writing, run("echo never"), disk_mb=100)
    assert result["end"] == {"ok": False, "reason": f"RUN write 200\n{FULL}", "reference": ""}
    assert result["made"] == []
    assert not [name for name in os.listdir(pathlib.Path(node.cache, "layers")) if name.startswith(".partial")]
    assert not list(node.containers.iterdir())


def test_given_commands_that_write_more_only_together_when_built_then_the_one_that_is_too_much_is_named(build):
    result = build(write(60), run("cp /opt/large /opt/copy"), disk_mb=100)
    assert result["end"]["reason"] == f"cp /opt/large /opt/copy\n{FULL}"


def test_given_several_layers_when_they_are_too_large_only_together_then_the_build_fails_at_the_last(node, http, base):
    work = [{"image": f"im-{i}", "steps": [write(40 + i)], "context": [], "secrets": {}} for i in range(3)]
    http.build = {
        "build": "po-build", "token": "po-build.bt-1", "root": {"base": base, "layers": []}, "memory_mb": 512, "disk_mb": 100,
        "work": work,
    }  # fmt: skip
    ended = node.run(120, SERAI_BUILD="1")
    assert http.build_ends[-1]["reason"] == f"RUN write 42\n{FULL}", ended.err
    assert [made["image"] for made in http.build_layers] == ["im-0", "im-1"]


def test_given_a_command_that_removes_what_it_wrote_when_built_then_only_what_is_there_counts(build):
    steps = [write(60), run("rm /opt/large"), write(60), run("rm /opt/large"), write(60)]
    assert build(*steps, disk_mb=100)["end"]["ok"]


DEEPEN = "import os; os.chdir('/opt'); [(os.mkdir('a'), os.chdir('a')) for _ in range({levels})]"


@pytest.mark.parametrize(("levels", "reason"), [(1_100, ""), (5_000, "is a path of more than 4095 bytes")])
def test_given_a_command_that_makes_a_tree_of_many_levels_when_built_then_the_end_is_told_and_nothing_is_left(
    build, node, levels, reason
):
    result = build(run(f'python3 -c "{DEEPEN.format(levels=levels)}"'))
    assert (reason or "ok") in (result["end"]["reason"] or "ok"), result["err"]
    assert [len(made["digest"]) for made in result["made"]] == ([] if reason else [64])
    assert not [name for name in os.listdir(pathlib.Path(node.cache, "layers")) if name.startswith(".partial")]


def test_given_a_layer_when_a_container_runs_on_it_then_it_sees_it_and_changes_only_its_own(build, node, http, base):
    made = build(run("echo of the layer > /opt/file; echo kept > /opt/other"))["made"][0]
    http.answer.update(root={"base": base, "layers": [made["digest"]]}, python_version=made["python"], entrypoint=["env", "X=y"])
    http.add_file("/root/app.py", "mine")
    node.runtime(
        """
import os
print(open("/opt/file").read(), open("/root/app.py").read(), os.getuid(), os.environ["X"])
open("/opt/file", "w").write("changed"); os.unlink("/opt/other"); open("/root/app.py", "a").write("!")
""",
        tag="cp" + "".join(made["python"].split(".")[:2]),
    )
    for _ in range(2):
        ended = node.run()
        assert ended.out.split() == ["of", "the", "layer", "mine", "0", "y"], ended.err


SETTLE = """
import os, sys
sys.path[:0] = [sys.argv[1]]
from serai_runner.bases import Base
from serai_runner.built import Assembly
os.makedirs(sys.argv[2] + "/scratch")
assembly = Assembly(sys.argv[2] + "/cache", sys.argv[2] + "/scratch", print)
top = assembly.layers.place() + "/tree"
os.mkdir(top, 0o755)
assembly._settle(["/bin/sh", "-c", "id -u > /who"], [top, sys.argv[3]], Base.of({"name": "little"}))
print(open(top + "/who").read().strip(), os.stat(top + "/who").st_uid)
"""


def test_given_a_path_with_signs_that_mounts_take_when_a_base_is_settled_then_its_layer_has_what_was_left(tmp_path, little):
    root, directory = tmp_path / "root:a,b", tmp_path / "cache:a,b"
    subprocess.run(["cp", "-a", str(little), str(root)], check=True)
    for name in ("hosts", "hostname", "resolv.conf"):
        (root / "etc" / name).touch()
    sources = os.path.dirname(os.path.dirname(layers.__file__))
    # By itself: it takes a mount namespace of its own.
    said = subprocess.run([sys.executable, "-c", SETTLE, sources, str(directory), str(root)], capture_output=True, text=True)
    assert said.stdout.split() == ["0", str(namespaces.FIRST)], said.stderr


def put_python(version: str) -> dict:
    return step("PYTHON", "COPY /python/. /usr/local", sources=[version], target="/usr/local")


@pytest.mark.skipif(not interpreter.this().relocated, reason="the distribution's own Python cannot be moved")
def test_given_a_python_of_the_node_when_it_is_put_into_an_image_then_it_is_there_with_pip(build, node):
    version = interpreter.this().version
    says = "import sys, pip; print('%d.%d' % sys.version_info[:2], sys.prefix)"
    result = build(put_python(version), run(f'python -c "{says}" > /said; pip --version && pip3 --version'))
    assert result["end"] == {"ok": True, "reason": "", "reference": ""}
    made = result["made"][0]
    layer = pathlib.Path(node.cache, "layers", made["digest"][: layers.NAME])
    assert (layer / "said").read_text() == f"{version} /usr/local\n"
    assert made["python"].startswith(version + ".")


def test_given_a_python_that_is_not_on_the_node_when_it_is_asked_for_then_what_to_do_is_said(build):
    end = build(put_python("3.9"))["end"]
    assert not end["ok"] and "serai.image.pythons=3.9=/its/prefix" in end["reason"]


def test_given_names_of_layers_when_collected_then_used_and_young_ones_stay(tmp_path):
    store = layers.Layers(str(tmp_path))
    names = ["a" * 64, "b" * 64]
    for name in names:
        os.mkdir(store.path(name))
    held = store.hold(names[0])
    assert store.collect(names[1][: layers.NAME]) is None, "it is young"
    young, layers.YOUNG_S = layers.YOUNG_S, -1
    try:
        assert store.collect(names[0][: layers.NAME]) is None, "somebody uses it"
        assert store.collect(names[1][: layers.NAME]) is not None
        os.close(held)
        assert store.collect(names[0][: layers.NAME]) is not None
    finally:
        layers.YOUNG_S = young
    assert store.names() == []


def test_given_a_large_file_when_it_is_copied_into_an_image_then_it_is_the_caches_until_then_and_nobody_writes_to_it(
    build, http, node
):
    http.add_file("/large", b"x" * LARGE_BYTES)
    context = "/run/serai/context/large"
    tries = f"ls -l {context} > /listed; (echo mine > {context}; chown 1 {context}; rm {context}) 2> /said; echo mine >> /large"
    result = build(copy(["large"], "/large"), run(tries), context=tuple(http.listed))
    assert result["end"]["ok"], result["end"]
    layer = pathlib.Path(node.cache, "layers", result["made"][0]["digest"][: layers.NAME])
    assert (layer / "listed").read_text().startswith("-rw-r--r-- 2 "), "of two names"
    assert (layer / "said").read_text().count("Read-only file system") == 3
    assert (layer / "large").stat().st_size == LARGE_BYTES + 5
    path = Cache(node.cache).path(http.listed[0]["sha256"])
    with open(path, "rb") as file:
        assert sha256_of(file) == http.listed[0]["sha256"]
    assert os.stat(path).st_nlink == 1


def test_given_what_nobody_used_for_long_when_something_is_built_then_it_goes(build, node):
    path = pathlib.Path(node.cache, "layers", "files-old")
    os.close(entries.ensure(str(path), lambda tree: None))
    os.utime(path.with_name(path.name + locks.NOTE), (0, 0))
    result = build(run("true"))
    assert result["end"]["ok"] and not path.exists()
    assert "that nobody had used for long were removed" in result["err"]


def test_given_a_step_that_the_runner_did_not_foresee_when_built_then_the_end_tells_of_it_and_the_log_where_it_was(build):
    result = build({"kind": "COPY"})
    assert result["end"]["reason"] == "the runner itself failed: KeyError: 'sources'"
    assert "in _copy" in result["err"]


def test_given_a_base_that_is_not_there_when_built_then_the_setting_is_named(build, base):
    base["source"] = "/nowhere/at/all"
    reason = build(run("true"))["end"]["reason"]
    assert "serai.image.bases" in reason and "/nowhere/at/all" in reason


def stage(name: str = "", above: str = "", system: str = "") -> dict:
    return {
        "kind": "STAGE",
        "line": f"FROM {above or system or 'the base'} AS {name}",
        "name": name,
        "from": above,
        "system": system,
    }


def kept(node, result: dict) -> pathlib.Path:
    assert result["end"]["ok"], result["end"]["reason"]
    return pathlib.Path(node.cache, "layers", result["made"][-1]["digest"][: layers.NAME])


def names(tree: pathlib.Path) -> set[str]:
    return {str(path.relative_to(tree)) for path in tree.rglob("*")}


def test_given_stages_when_built_then_the_layer_has_what_was_copied_from_them_and_nothing_else(build, node, base):
    result = build(
        stage("0", system="other"),
        run(
            "mkdir -p /made/deep; echo program > /made/deep/program; ln -s /made/deep /link; touch -d 2001-01-01 /made/deep/program"
        ),
        stage("1", above="0"),
        run("cat /made/deep/program > /copy; rm /made/deep/program"),
        stage(),
        run("test ! -e /made"),
        {**copy(["/link/program"], "/bin-of-mine/"), "from": "0", "mode": "0700"},
        {**copy(["/copy"], "/taken", user="12:34"), "from": "1"},
        bases={"other": base},
    )
    layer = kept(node, result)
    assert names(layer) == {"bin-of-mine", "bin-of-mine/program", "taken"}
    program, taken = os.stat(layer / "bin-of-mine/program"), os.stat(layer / "taken")
    assert (layer / "taken").read_text() == "program\n"
    assert program.st_mode & 0o777 == 0o700 and program.st_mtime < 10**9, (
        "what stands on times, such as compiled Python, stays right"
    )
    assert (taken.st_uid, taken.st_gid) == (namespaces.FIRST + 12, namespaces.FIRST + 34)


def test_given_a_stage_that_becomes_the_image_when_built_then_the_layer_has_what_both_did(build, node):
    lines = ("echo 1 > /of-stage; rm -r /opt; mkdir /opt; echo 1 > /changed", "echo 2 > /changed; echo 2 > /of-image; rm /of-stage")
    both = build(stage("0"), run(lines[0]), stage(above="0"), run(lines[1]), run('test -z "$(ls /opt)"'))
    assert kept(node, both) == kept(node, build(run(lines[0]), run(lines[1])))


def test_given_links_in_a_stage_when_copied_then_they_lead_nowhere_on_the_node(build, node, tmp_path):
    (tmp_path / "secret").write_text("of the node")
    made = run(f"ln -s {tmp_path} /out; ln -s {tmp_path}/secret /file")
    for source in ("/out/secret", "/file"):
        reason = build(stage("0"), made, stage(), {**copy([source], "/x"), "from": "0"})["end"]["reason"]
        assert f"there is no {source} in that stage" in reason


def test_given_here_documents_when_copied_then_they_are_files(build, node):
    one = {**copy([], "/etc/one.conf"), "documents": {"EOF": "first\nsecond\n"}}
    two = {**copy([], "/d/", user="12"), "documents": {"a": "A", "b": "B"}, "mode": "0750"}
    layer = kept(node, build(one, two))
    assert (layer / "etc/one.conf").read_text() == "first\nsecond\n"
    assert {path.name: path.read_text() for path in (layer / "d").iterdir()} == {"a": "A", "b": "B"}
    assert {(os.stat(path).st_uid, os.stat(path).st_mode & 0o777) for path in (layer / "d").iterdir()} == {
        (namespaces.FIRST + 12, 0o750)
    }


def test_given_an_owner_for_what_is_copied_when_the_target_has_more_then_that_stays_whose_it_was(build, node, http):
    http.add_file("/data/sub/mine", "1")
    context = tuple(http.listed)
    layer = kept(node, build(run("mkdir /d; touch /d/other"), copy(["data"], "/d", user="12:34"), context=context))
    owners = {name: os.stat(layer / name).st_uid - namespaces.FIRST for name in ("d", "d/other", "d/sub", "d/sub/mine")}
    assert owners == {"d": 0, "d/other": 0, "d/sub": 12, "d/sub/mine": 12}


def lent(line: str, *mounts: dict) -> dict:
    usual = {"source": "/", "from": "", "id": "", "variable": "", "required": False, "owner": "0:0", "mode": "0755"}
    return {**run(line), "mounts": [{**usual, **mount} for mount in mounts]}


def test_given_mounts_of_commands_when_built_then_they_see_them_and_the_layer_has_nothing_of_them(build, node, http):
    http.add_file("/data/file", "sent")
    cache = {"type": "cache", "target": "/root/.cache/deep", "id": "c", "owner": "12:34", "mode": "0700"}
    result = build(
        stage("0"),
        run("echo staged > /there"),
        stage(),
        lent("test $(stat -c %u:%g:%a /root/.cache/deep) = 12:34:700; echo kept > /root/.cache/deep/f", cache),
        lent(
            "cp /root/.cache/deep/f /seen-0; rm /m/there || cat /m/there > /seen-1",
            cache,
            {"type": "bind", "target": "/m", "from": "0"},
        ),
        lent("cat /only > /seen-2", {"type": "bind", "target": "/only", "source": "data/file"}),
        lent("stat -f -c %T /t > /seen-3; touch /t/x", {"type": "tmpfs", "target": "/t"}),
        lent(
            "cat /run/secrets/HUSH > /seen-4; echo $AS >> /seen-4; stat -c %a /run/secrets/HUSH >> /seen-4; test ! -e /run/secrets/OTHER",
            {"type": "secret", "target": "/run/secrets/HUSH", "id": "HUSH", "variable": "AS", "mode": "0400"},
            {"type": "secret", "target": "/run/secrets/OTHER", "id": "OTHER"},
        ),
        lent("echo left > /stays/mine", {"type": "tmpfs", "target": "/stays/below"}),
        context=tuple(http.listed),
    )
    layer = kept(node, result)
    seen = [(layer / f"seen-{number}").read_text() for number in range(5)]
    assert seen == ["kept\n", "staged\n", "sent", "tmpfs\n", "a secreta secret\n400\n"]
    assert names(layer) - {f"seen-{number}" for number in range(5)} == {"stays", "stays/mine", "root"}


@pytest.mark.parametrize(
    ("mount", "reason"),
    [
        ({"type": "bind", "target": "/x", "source": "nowhere"}, "there is no nowhere among the files that were sent along"),
        ({"type": "secret", "target": "/x", "id": "OTHER", "required": True}, "no variable OTHER"),
    ],
)
def test_given_a_mount_that_cannot_be_had_when_built_then_the_line_and_the_reason_are_told(build, mount, reason):
    said = build(lent("make", mount))["end"]["reason"]
    assert said.startswith("make\n") and reason in said


def test_given_a_program_of_uv_that_is_where_it_shall_be_when_built_then_that_is_no_mistake(build, node):
    uv = "echo '#!/bin/sh' > /usr/bin/uv; chmod +x /usr/bin/uv"
    steps = [step("UV", "COPY", sources=["uv"], target=target) for target in ("/usr/bin/uv", "/opt/new/uv")]
    assert os.access(kept(node, build(run(uv), *steps)) / "opt/new/uv", os.X_OK)
    assert "this base has no uvx" in build(step("UV", "COPY", sources=["uvx"], target="/x"))["end"]["reason"]


CACHED = {"type": "cache", "target": "/opt", "source": "/", "from": "", "id": "c", "owner": "0:0", "mode": "0755"}


@pytest.mark.parametrize(
    "steps",
    [
        (stage("0"), write(60), stage(), write(60)),
        (stage("0"), write(60), stage("1", above="0"), write(60)),
        ({**write(200), "mounts": [CACHED]},),
    ],
    ids=["stages", "a stage on another", "a cache"],
)
def test_given_what_is_no_part_of_the_image_when_more_than_a_build_may_is_written_to_it_then_the_build_ends(build, steps):
    said = build(*steps, disk_mb=100)["end"]["reason"]
    assert FULL in said


def test_given_links_of_an_image_when_something_is_mounted_or_a_directory_made_by_them_then_the_node_stays_as_it_is(
    build, node, http, base
):
    with tempfile.TemporaryDirectory(dir="/tmp") as outside:
        os.chmod(outside, 0o777)
        cache = {"type": "cache", "id": "c", "owner": "0:0", "mode": "0777"}
        links = run(f"ln -s /oldroot{outside} /out; mkdir /data; ln -s /data /alias; ln -s /out/workdir /workdir; mkdir /lent")
        result = build(
            links,
            lent("echo mine > /data/c/f", {**cache, "target": "/alias/c"}),
            lent("ls /data/c > /seen", {**cache, "target": "/alias/c"}),
            lent(f"ln -s /oldroot{outside} /lent/out", {**cache, "target": "/lent"}),
            lent("true", {**cache, "target": "/out"}),
            lent("true", {**cache, "target": f"/../oldroot{outside}/x"}),
            run("pwd > /where", directory="/out/made"),
            {**lent("true", {**cache, "target": "/lent"}), "directory": "/lent/out/made"},
        )
        layer = kept(node, result)
        assert (layer / "seen").read_text() == "f\n"
        assert (layer / "where").read_text() == f"/oldroot{outside}/made\n", "which is of the image"
        assert not list((layer / "data").iterdir()) and not os.listdir(outside)
        nested = build(links, lent("true", {**cache, "target": "/lent"}, {**cache, "target": "/lent/out/x", "id": "d"}))
        assert "nothing can be mounted at /lent/out/x/" in nested["end"]["reason"]

        made = result["made"][0]
        http.answer.update(root={"base": base, "layers": [made["digest"]]}, python_version=made["python"], workdir="/workdir/deep")
        node.runtime("import os; print(os.getcwd())", tag="cp" + "".join(made["python"].split(".")[:2]))
        assert node.run().out.strip() == f"/oldroot{outside}/workdir/deep"
        assert not os.listdir(outside)


def test_given_a_mount_that_is_not_given_when_its_command_makes_the_directory_then_that_is_the_images(build, node):
    secret = {"type": "secret", "target": "/app/secret", "id": "OTHER"}
    assert names(kept(node, build(lent("mkdir /app", secret)))) == {"app"}
