"""All errors of the library, one tree.

Every class also inherits the builtin that fits, so that code which knows only the standard library can catch it. A
message says what is wrong, where (operator, column, row, file and line), and what to do about it.

    DataFlowError
    |-- ConfigurationError (ValueError)      parameters, recipes, environment
    |   |-- ParameterError                   an operator's or serving's argument
    |   |-- RecipeError                      a recipe file
    |   `-- MissingExtraError (ImportError)  an optional dependency is not installed
    |-- RegistryError (KeyError)             unknown or doubly registered name
    |-- CompileError                         all mistakes that compile() found
    |-- ColumnError (KeyError)               a key names a column that is not there, or of the wrong type
    |-- DataError (ValueError)               the data themselves
    |   |-- MalformedInputError              file, line and column of input that cannot be read
    |   `-- ExportError                      a table that the output format cannot hold
    |-- StorageError (OSError)               run directory and step store
    |   |-- SourceNotFoundError (FileNotFoundError)
    |   |-- CorruptStoreError                checksum or size does not match the manifest
    |   `-- StoreLockedError                 another process works on this run directory
    |-- OperatorError (RuntimeError)         an operator failed on its rows
    |-- AnswerCheckError (RuntimeError)      two answers could not be compared
    |   `-- AnswerTimeoutError (TimeoutError)  comparing them took too long
    `-- ServingError (RuntimeError)          a model call failed; see its subclasses for the kind
        |-- AuthenticationFailedError        not retryable
        |-- InvalidRequestError              not retryable
        |   `-- ContextLengthError           the prompt is longer than the model's context
        |-- ContentFilteredError             not retryable
        |-- RateLimitedError                 retryable
        |-- RequestTimeoutError (TimeoutError)   retryable
        |-- TransportError (ConnectionError)     retryable
        |-- ServerFailedError                retryable
        |-- MalformedReplyError              the reply is not what was asked for
        |   `-- SchemaMismatchError          the reply does not follow the JSON schema
        |-- ReplayMissError                  replay="only" and the call was never recorded
        |-- RunEndedError                    ends the run; finished calls are kept, the next run goes on
        |   |-- BudgetExceededError          the next call might exceed the budget
        |   `-- TooManyErrorsError           too large a share of the calls failed
        `-- ModelUnavailableError            no source has the model's weights
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


class DataFlowError(Exception):
    """Base of every error this library raises on purpose."""

    def __str__(self) -> str:
        """Return the message; `KeyError` would otherwise print its repr."""
        return str(self.args[0]) if self.args else ""


class ConfigurationError(DataFlowError, ValueError):
    """Parameters, recipes or the environment do not fit."""


class ParameterError(ConfigurationError):
    """An argument of an operator, serving or storage has a wrong type or value."""


class RecipeError(ConfigurationError):
    """A recipe file cannot be read as a plan."""


class MissingExtraError(ConfigurationError, ImportError):
    """An optional dependency is not installed."""

    def __init__(self, extra: str, module: str, needed_by: str) -> None:
        self.extra = extra
        super().__init__(
            f"{needed_by} needs the package '{module}', which is not installed. "
            f"Install it with: pip install 'open-dataflow-rs[{extra}]'"
        )


class RegistryError(DataFlowError, KeyError):
    """A name is unknown to a registry, or two things claim the same name."""


class CompileError(DataFlowError):
    """All mistakes that `compile()` found in a pipeline.

    Attributes:
        mistakes: one text per mistake, in the order of the steps.
    """

    def __init__(self, mistakes: list[str]) -> None:
        self.mistakes = mistakes
        lines = "\n".join(f"  {i}. {text}" for i, text in enumerate(mistakes, 1))
        noun = "mistake" if len(mistakes) == 1 else "mistakes"
        super().__init__(f"the pipeline has {len(mistakes)} {noun}:\n{lines}")


class ColumnError(DataFlowError, KeyError):
    """A key names a column that does not exist or has the wrong type."""


class DataError(DataFlowError, ValueError):
    """The data do not allow what was asked for."""


class MalformedInputError(DataError):
    """Input that cannot be read.

    Attributes:
        file: path of the input file.
        line: line number, from 1; None where the format has no lines.
        column: byte column in the line, from 1; None where unknown.
    """

    def __init__(
        self, message: str, file: str | None = None, line: int | None = None, column: int | None = None
    ) -> None:
        self.file, self.line, self.column = file, line, column
        super().__init__(message)


class ExportError(DataError):
    """A table holds what the output format cannot represent."""


class StorageError(DataFlowError, OSError):
    """The run directory or its step store cannot be used."""


class SourceNotFoundError(StorageError, FileNotFoundError):
    """The source names no existing file."""


class CorruptStoreError(StorageError):
    """A stored file does not match what the manifest recorded."""


class StoreLockedError(StorageError):
    """Another process is working on the same run directory."""


class OperatorError(DataFlowError, RuntimeError):
    """An operator failed on its rows."""


class AnswerCheckError(DataFlowError, RuntimeError):
    """Two answers could not be compared."""


class AnswerTimeoutError(AnswerCheckError, TimeoutError):
    """Comparing two answers took longer than the time limit."""


class ServingError(DataFlowError, RuntimeError):
    """A model call failed.

    Attributes:
        retryable: whether the same request may succeed later.
        attempts: how often the request was sent.
        retry_after_s: seconds that the server asked to wait, or None.
        status: HTTP status of the refusal, where there is one.
    """

    retryable = False

    def __init__(
        self, message: str, *, attempts: int = 1, retry_after_s: float | None = None, status: int | None = None
    ) -> None:
        self.attempts = attempts
        self.retry_after_s = retry_after_s
        self.status = status
        super().__init__(message)


class AuthenticationFailedError(ServingError):
    """The endpoint refused the credentials."""


class InvalidRequestError(ServingError):
    """The endpoint says that the request is wrong; sending it again will not help."""


class ContextLengthError(InvalidRequestError):
    """The prompt is longer than the model's context."""


class ContentFilteredError(ServingError):
    """The endpoint refused to answer because of its content policy."""


class RateLimitedError(ServingError):
    """The endpoint asks to slow down."""

    retryable = True


class RequestTimeoutError(ServingError, TimeoutError):
    """No complete answer within the deadline."""

    retryable = True


class TransportError(ServingError, ConnectionError):
    """The connection failed before a complete answer arrived."""

    retryable = True


class ServerFailedError(ServingError):
    """The endpoint answered with a server error."""

    retryable = True


class MalformedReplyError(ServingError):
    """The reply is not what was asked for, for example empty or not parsable."""


class SchemaMismatchError(MalformedReplyError):
    """The reply does not follow the requested JSON schema."""


class ReplayMissError(ServingError):
    """Only recorded calls may be used, and this call was never recorded."""


class RunEndedError(ServingError):
    """A limit of the run is reached. Finished calls are recorded where there is a call log, and the next run goes on.

    Attributes:
        completions: one `Completion` per request of the `generate()` that raised it, in order: what was answered, and
            this error for what was not. From `stream()`: those of the requests that were not handed out yet.
    """

    completions: Sequence[Any] = ()


class BudgetExceededError(RunEndedError):
    """The next call might exceed the budget; a higher budget goes on."""


class TooManyErrorsError(RunEndedError):
    """Too large a share of the calls failed."""


class ModelUnavailableError(ServingError):
    """No source has the model's weights."""


def nearest(name: str, candidates: Iterable[str]) -> str:
    """Return a hint that names the closest candidate, or an empty string.

    Examples:
        >>> nearest("txet", ["text", "title"])
        " (did you mean 'text'?)"
        >>> nearest("xyz", ["text"])
        ''
    """
    import difflib  # only errors need it

    found = difflib.get_close_matches(name, list(candidates), n=1, cutoff=0.6)
    return f" (did you mean '{found[0]}'?)" if found else ""
