"""How hard the property tests try: 1 in `make test`, more in `make test-soak`. Those in Rust read the same variable."""

from __future__ import annotations

import os

EFFORT = int(os.environ.get("DATAFLOW_RS_TEST_EFFORT", "1"))
"""Factor of the number of examples."""
