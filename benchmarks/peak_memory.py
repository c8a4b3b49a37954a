"""The peak memory of the process that asks. Standard library only: the reference's environment imports it too."""

from __future__ import annotations

import platform
import resource
from pathlib import Path


def peak_mb() -> float:
    """Return the largest resident size so far, in MB.

    Linux is asked for the high-water mark of this program: `ru_maxrss` also counts the process it was started from.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    unit = 1 if platform.system() == "Darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
