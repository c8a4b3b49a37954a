"""Wheel, source distribution and a fresh environment, built once per session.

They are built by the development profile into the target folder of the repository, so that nothing that `make test`
has compiled is compiled again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.meta.repository import ROOT


def target_folder() -> str:
    command = ["cargo", "metadata", "--format-version", "1", "--no-deps", "--locked"]
    return str(json.loads(subprocess.check_output(command, cwd=ROOT))["target_directory"])


def maturin(*arguments: str, cwd: Path, target: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "maturin", *arguments],
        cwd=cwd,
        env=os.environ | {"CARGO_TARGET_DIR": target},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def build_wheel(source: Path, out: Path, target: str) -> Path:
    maturin("build", "--locked", "--auditwheel", "skip", "--out", str(out), cwd=source, target=target)
    (wheel,) = out.glob("*.whl")
    return wheel


@pytest.fixture(scope="session")
def target() -> str:
    return target_folder()


@pytest.fixture(scope="session")
def wheel(tmp_path_factory, target) -> Path:
    return build_wheel(ROOT, tmp_path_factory.mktemp("wheel"), target)


@pytest.fixture(scope="session")
def sdist(tmp_path_factory, target) -> Path:
    out = tmp_path_factory.mktemp("sdist")
    maturin("sdist", "--out", str(out), cwd=ROOT, target=target)
    (archive,) = out.glob("*.tar.gz")
    return archive


@pytest.fixture(scope="session")
def wheel_of_sdist(tmp_path_factory, sdist, target) -> Path:
    """The wheel that somebody gets who builds from the source distribution."""
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (source,) = folder.iterdir()
    return build_wheel(source, tmp_path_factory.mktemp("rebuilt"), target)


@pytest.fixture(scope="session")
def fresh_python(tmp_path_factory, wheel) -> Path:
    """The interpreter of a new environment with the wheel and its base dependencies, without any extra."""
    folder = tmp_path_factory.mktemp("fresh")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel)]
    done = subprocess.run(install, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return python
