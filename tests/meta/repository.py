"""What the meta tests look at: the tracked files, the modules of the package, and their imports."""

from __future__ import annotations

import ast
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python" / "dataflow_rs"


def tracked_files() -> list[Path]:
    """Return the files that git knows or would add, relative to the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    return [Path(name) for name in listed if name and (ROOT / name).is_file() and not (ROOT / name).is_symlink()]


def package_files() -> dict[str, Path]:
    """Return name in the package -> file, through the symbolic links, without what a build leaves behind."""
    found = {}
    for folder, _, names in os.walk(PACKAGE, followlinks=True):
        for name in names:
            file = Path(folder) / name
            if "__pycache__" not in file.parts and file.suffix not in (".so", ".pyd", ".pdb", ".dylib"):
                found[file.relative_to(PACKAGE.parent).as_posix()] = file
    return found


def modules() -> dict[str, Path]:
    """Return module name -> file of every Python module of the package."""
    return {
        name.removesuffix(".py").removesuffix("/__init__").replace("/", "."): file
        for name, file in sorted(package_files().items())
        if name.endswith(".py")
    }


def imports(file: Path, module: str) -> Iterator[tuple[str, int]]:
    """Yield (imported module, line) of everything that a file imports when it runs, inside functions too."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for node in _nodes_that_run(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package.split(".")[: 1 - node.level or None]) if node.level else ""
            source = ".".join(part for part in (base, node.module) if part)
            # `from package import name` imports the module `package.name` if there is one
            yield from ((f"{source}.{alias.name}", node.lineno) for alias in node.names)


def _nodes_that_run(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _nodes_that_run(child)
