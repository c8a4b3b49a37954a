"""`python -m dataflow_rs.cli`, where the script `dataflow-rs` is not on the path."""

from __future__ import annotations

from dataflow_rs.cli import main

if __name__ == "__main__":
    main(prog_name="dataflow-rs")
