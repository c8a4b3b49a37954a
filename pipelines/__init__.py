"""Pipelines of the library, ready to run: `dataflow-rs run pipelines/text.py`."""
