"""Wheel and source distribution hold what the source folders hold, and nothing else.

The operators and pipelines reach the package through symbolic links. Without the right settings the build drops them
silently, and a checkout that turned the links into text files builds a wheel without operators.
"""

from __future__ import annotations

import stat
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from tests.meta.repository import ROOT, package_files

NATIVE = {"dataflow_rs/_native.abi3.so", "dataflow_rs/_native.pyd"}


def content(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def split(wheel: Path) -> tuple[set[str], set[str]]:
    """Return (files of the package, files of the dist-info folder without its name)."""
    names = set(content(wheel))
    metadata = {name for name in names if name.split("/")[0].endswith(".dist-info")}
    return names - metadata, {name.split("/", 1)[1] for name in metadata}


def test_source_folders_are_reached_through_links():
    for name in ("operators", "pipelines"):
        link = ROOT / "python" / "dataflow_rs" / name
        assert link.is_symlink()
        assert link.readlink().as_posix() == f"../../{name}"
    names = package_files()
    assert {"dataflow_rs/operators/__init__.py", "dataflow_rs/pipelines/__init__.py"} <= names.keys()
    assert {"dataflow_rs/py.typed", "dataflow_rs/_native.pyi"} <= names.keys()
    assert len([name for name in names if name.startswith("dataflow_rs/operators/")]) > 10


@pytest.mark.parametrize("which", ["wheel", "wheel_of_sdist"])
def test_wheel_holds_the_source_folders_and_nothing_else(which, request):
    wheel = request.getfixturevalue(which)
    files, _ = split(wheel)
    natives = files & NATIVE
    assert len(natives) == 1
    assert files - natives == set(package_files())
    packed = content(wheel)
    assert [name for name, file in package_files().items() if packed[name] != file.read_bytes()] == []


@pytest.mark.parametrize("which", ["wheel", "wheel_of_sdist"])
def test_wheel_has_no_link_and_one_tag_for_all_pythons(which, request):
    wheel = request.getfixturevalue(which)
    with zipfile.ZipFile(wheel) as archive:
        links = [info.filename for info in archive.infolist() if stat.S_ISLNK(info.external_attr >> 16)]
    assert links == []
    name, _, python, abi, _ = wheel.stem.split("-")
    assert (name, python, abi) == ("open_dataflow_rs", "cp310", "abi3")


def test_wheel_metadata(wheel):
    _, metadata = split(wheel)
    assert {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE", "licenses/NOTICE"} <= metadata
    packed = {name.split("/", 1)[1]: data for name, data in content(wheel).items() if ".dist-info/" in name}
    assert packed["licenses/LICENSE"] == (ROOT / "LICENSE").read_bytes()
    assert b"Apache License" in packed["licenses/LICENSE"]
    entries = packed["entry_points.txt"].decode().split()
    assert entries == ["[console_scripts]", "dataflow-rs=dataflow_rs.cli:main"]
    fields = Parser().parsestr(packed["METADATA"].decode())
    assert fields["License-Expression"] == "Apache-2.0"
    assert fields["Requires-Python"] == ">=3.10"
    needed = fields.get_all("Requires-Dist")
    base = sorted(line.split(">")[0] for line in needed if "extra" not in line)
    assert base == ["click", "polars", "pyarrow", "pydantic", "pyyaml", "rich", "typing-extensions"]
    assert not [line for line in needed if "<" in line], "a dependency has an upper bound"
    assert set(fields.get_all("Provides-Extra")) >= {"openai", "local", "pandas", "all"}


def test_sdist_and_wheel_give_the_same_files(wheel, wheel_of_sdist):
    assert split(wheel)[0] == split(wheel_of_sdist)[0]
    assert wheel.name == wheel_of_sdist.name


def test_sdist_holds_what_a_build_needs_and_no_link(sdist):
    with tarfile.open(sdist) as archive:
        members = archive.getmembers()
    names = {member.name.split("/", 1)[1] for member in members if "/" in member.name}
    assert [member.name for member in members if member.issym() or member.islnk()] == []
    assert {"pyproject.toml", "Cargo.toml", "Cargo.lock", "PKG-INFO", "LICENSE", "NOTICE", "README.md"} <= names
    assert {f"python/{name}" for name in package_files()} <= names
    crates = {file.relative_to(ROOT).as_posix() for file in ROOT.glob("crates/*/src/**/*") if file.is_file()}
    assert crates
    assert crates <= names
    strange = [n for n in names if n.startswith(("tests/", "target/", "examples/", ".")) or "__pycache__" in n]
    assert strange == []
