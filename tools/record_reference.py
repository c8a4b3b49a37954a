"""Record what the reference implementation decides, so that tests compare without installing it.

Makes an environment of its own (`.venvs/reference`, Python 3.11, pinned in `reference_requirements.txt`) and
runs `reference_worker.py` inside it. Writes `tests/parity/data/` and `crates/dfrs-dedup/tests/golden/`.

Usage: python tools/record_reference.py [--data DIR] [--only golden|edge|english]
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venvs" / "reference"
REQUIREMENTS = ROOT / "tools" / "reference_requirements.txt"
REFERENCE = "open-dataflow==1.0.13"


def find_python() -> str:
    """Return an interpreter of the version that the pinned packages are for."""
    if sys.version_info[:2] == (3, 11):
        return sys.executable
    found = shutil.which("python3.11")
    if found is None:
        sys.exit("record_reference: needs Python 3.11 for the pinned numpy and pandas; none is on the PATH")
    return found


def ensure_environment() -> Path:
    """Create the reference's environment unless it is there with these pins; return its interpreter."""
    python = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = ENVIRONMENT / "installed.sha256"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes() + REFERENCE.encode()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return python
    subprocess.run([find_python(), "-m", "venv", "--clear", str(ENVIRONMENT)], check=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "-r", str(REQUIREMENTS)], check=True)
    subprocess.run([*install, "--no-deps", REFERENCE], check=True)
    stamp.write_text(wanted)
    return python


def main() -> None:
    """Parse the arguments and run the worker."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    default = os.environ.get("DATAFLOW_RS_SHARED_DATA", str(ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(default), help="folder with text/clean-*.parquet")
    parser.add_argument("--only", choices=["golden", "edge", "english"], help="record one part")
    arguments = parser.parse_args()
    parts = [arguments.only] if arguments.only else ["golden", "edge", "english"]
    if "english" in parts and not list((arguments.data / "text").glob("clean-*.parquet")):
        sys.exit(f"record_reference: no text/clean-*.parquet below {arguments.data}; name it with --data")
    python = ensure_environment()
    worker = ROOT / "tools" / "reference_worker.py"
    command = [str(python), str(worker), str(ROOT), str(arguments.data)]
    sys.exit(max(subprocess.run([*command, part], check=False).returncode for part in parts))


if __name__ == "__main__":
    main()
