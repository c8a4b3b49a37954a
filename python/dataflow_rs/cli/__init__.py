"""The command line, `dataflow-rs`: run pipelines, look at runs and operators, fetch models.

Every command is a thin cover over the Python API. Results go to standard output, everything else to standard error.
"""

from __future__ import annotations

from dataflow_rs.cli.app import main

__all__ = ["main"]
