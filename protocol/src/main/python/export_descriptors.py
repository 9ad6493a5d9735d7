# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Writes the wire contract of the published `modal` package as one FileDescriptorSet.

The package ships generated Python, not .proto files; its modules register complete descriptors, which protoc reads.
The package is installed into a virtual environment of its own below the work folder, once for each version.

usage: export_descriptors.py VERSION WORK_DIR OUT_FILE
"""

import pathlib
import subprocess
import sys
import venv

FILES = ("modal_proto.api_pb2", "modal_proto.task_command_router_pb2")


def interpreter(version: str, work: pathlib.Path) -> pathlib.Path:
    """A Python that can import modal's generated modules; made if it is not there whole."""
    home = work / f"modal-{version}"
    python = home / "bin" / "python"
    if not (home / "complete").exists():
        venv.create(home, with_pip=True, clear=True)
        # only what the generated modules import, not the client's whole tree
        for package in (["protobuf"], ["--no-deps", f"modal=={version}"]):
            subprocess.run([python, "-m", "pip", "install", "--quiet", *package], check=True)
        (home / "complete").touch()
    return python


def export(out: pathlib.Path) -> None:
    import importlib

    from google.protobuf import descriptor_pb2

    collected = descriptor_pb2.FileDescriptorSet()
    seen = set()

    def add(file) -> None:
        if file.name in seen:
            return
        seen.add(file.name)
        for dependency in file.dependencies:
            add(dependency)
        proto = collected.file.add()
        file.CopyToProto(proto)
        if proto.package.startswith("modal."):
            proto.options.java_package = proto.package
            proto.options.java_multiple_files = True
        for message in proto.message_type:
            repair(message)

    for name in FILES:
        add(importlib.import_module(name).DESCRIPTOR)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(collected.SerializeToString(deterministic=True))


def repair(message) -> None:
    """`message_bytes` beside `message` would give Java two accessors of one name; the number is what travels."""
    if message.name == "RuntimeOutputMessage":
        for field in message.field:
            if field.name == "message_bytes":
                field.name = "message_raw"
                field.ClearField("json_name")


if __name__ == "__main__":
    version, work, out = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    if len(sys.argv) > 4:
        export(out)
    elif not out.exists():
        subprocess.run([interpreter(version, work), __file__, version, work, out, "export"], check=True)
