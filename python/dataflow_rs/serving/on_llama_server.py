"""`OnLlamaServer`: what the servings share whose model runs in a child process with llama.cpp's own server."""

from __future__ import annotations

import importlib.util
import logging
from typing import TYPE_CHECKING, Any, ClassVar

from dataflow_rs.core.environment import missing_extra
from dataflow_rs.exceptions import MissingExtraError, ModelUnavailableError
from dataflow_rs.serving import models
from dataflow_rs.serving.chat import EndpointServing

if TYPE_CHECKING:
    from dataflow_rs.serving.llama_server import LlamaServer

_log = logging.getLogger(__name__)


class OnLlamaServer(EndpointServing):
    """A serving that starts `llama_server.py` when it is first asked, and again if it has died.

    A serving derives from it first, has the parameter `model`, and says with `server_settings()` how the child is
    started.

    Attributes:
        use: what models of the pinned table it takes.
    """

    use: ClassVar[str] = "chat"

    def __post_init__(self) -> None:
        super().__post_init__()
        models.check_name(self._weights, use=self.use)
        self._server: LlamaServer | None = None

    @property
    def _weights(self) -> str:
        return str(vars(self)["model"])  # a parameter of the subclasses

    def server_settings(self) -> dict[str, Any]:
        """Return the arguments of `LlamaServer` beside the model."""
        raise NotImplementedError

    def check(self) -> list[str]:
        """Return what is missing: the extra, or the model's weights."""
        problems = missing_extra("local", self.name)
        try:
            models.locate(self._weights)
        except ModelUnavailableError as error:
            problems.append(str(error))
        return problems

    def identity(self) -> dict[str, Any]:
        """Return the digest of the weights and the other parameters that determine the answers."""
        return {**super().identity(), "model": models.identity_of(self._weights)}

    def connect(self) -> dict[str, Any]:
        """Start the child, unless it runs, and return its address and key."""
        from dataflow_rs.serving.llama_server import LlamaServer

        if self._server is None:
            self._server = LlamaServer(model=str(models.locate(self._weights)), **self.server_settings())
        return {"base_url": self._server.address, "api_key": self._server.api_key, "uses_proxy": False}

    def start(self) -> None:
        """Start the child, again if it has died since the last request."""
        if importlib.util.find_spec("xllamacpp") is None:  # it is imported by the child only
            raise MissingExtraError("local", "xllamacpp", self.name)
        with self._starting:
            if self._server is not None and self._server.process.poll() is not None:
                _log.warning(
                    "%s: the model's process ended with code %s; starting it again", self.name, self._server.stop()
                )
                self._server = None
                self.disconnect()
            super().start()

    def close(self) -> None:
        """End the child; a later request starts it again."""
        super().close()
        with self._starting:
            if self._server is not None:
                self._server.stop()
                self._server = None

    @property
    def _extra(self) -> str:
        return "local"
