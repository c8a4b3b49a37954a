"""Where tables live between operators: `FileStorage` over the step store, file formats, and what a run left behind."""

from dataflow_rs.storage.file_storage import FileStorage, StorageStep
from dataflow_rs.storage.run import Run

__all__ = ["FileStorage", "Run", "StorageStep"]
