"""The repository holds nothing of the machine it was written on, and its files name only what exists."""

from __future__ import annotations

import re

import pytest

from tests.conftest import MODELS

from .repository import ROOT, tracked_files

BINARY = {".parquet", ".gz", ".zst", ".arrow", ".png", ".ico", ".woff2", ".bin", ".ftz"}
BANNED = {
    "a path of a developer's machine": re.compile("(?<![\\w.])/(?:" + "work|root|home/\\w+|Users/\\w+" + ")/"),
    "a note to oneself": re.compile(r"\b(?:" + "TO" + "DO|FIX" + r"ME|XX" + r"X)\b"),
}
ALLOWED_PATHS: set[str] = set()


def texts() -> dict[str, str]:
    return {
        file.as_posix(): (ROOT / file).read_text(encoding="utf-8")
        for file in tracked_files()
        if file.suffix not in BINARY and file.as_posix() not in ALLOWED_PATHS
    }


@pytest.mark.parametrize("what", BANNED)
def test_no_file_holds(what):
    files = texts()
    assert {"Makefile", "README.md", "python/dataflow_rs/__init__.py"} <= files.keys()
    found = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in files.items()
        for number, line in enumerate(text.splitlines(), 1)
        if BANNED[what].search(line)
    ]
    assert not found, f"{what}:\n" + "\n".join(found)


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_make_help_lists_every_target():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    described = set(re.findall(r"^([a-z][a-z-]*):.*## ", text, re.MULTILINE))
    assert {"run", "test", "check"} <= described
    assert make_targets() - described == {"build"}, "build is a step of the others"


def test_every_make_target_that_is_named_exists():
    named = {
        (name, target)
        for name, text in texts().items()
        if name.endswith((".md", ".yml", ".toml", "run"))
        for target in re.findall(r"(?:`|^\$ |run: |^ *)make ([a-z][a-z-]*)(?=[`\s]|$)", text, re.MULTILINE)
    }
    assert ("README.md", "test") in named
    assert (".ci/run", "test") in named
    unknown = [f"{name}: make {target}" for name, target in sorted(named) if target not in make_targets()]
    assert not unknown, "\n".join(unknown)


def test_every_relative_link_in_the_pages_leads_somewhere():
    seen, broken = 0, []
    for name, text in texts().items():
        if not name.endswith(".md"):
            continue
        for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
            if "://" in link or link.startswith("mailto:"):
                continue
            seen += 1
            if not ((ROOT / name).parent / link).exists():
                broken.append(f"{name}: {link}")
    assert seen >= 5
    assert not broken, "\n".join(broken)


def test_the_makefile_fetches_the_models_that_the_tests_look_for():
    variables = dict(re.findall(r"^(\w+) = (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {"model": "MODEL", "large_model": "LARGE_MODEL", "embedding_model": "EMBEDDING_MODEL"}
    assert {marker: variables[variable] for marker, variable in named.items()} == MODELS


def test_the_continuous_integration_calls_the_readmes_test_command():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    commands = [line for line in script.splitlines() if line and not line.startswith("#")]
    assert commands[0] == "set -euo pipefail"
    assert commands[-1] == "make test"
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
