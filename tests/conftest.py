"""Tests that need a model or vLLM are skipped without it, and the end of the report says so loudly."""

from __future__ import annotations

from pathlib import Path

import pytest

MODELS = {
    "model": "qwen2.5-coder-0.5b-instruct",
    "large_model": "qwen2.5-coder-1.5b-instruct",
    "embedding_model": "all-minilm-l6-v2",
}
VLLM = Path(__file__).resolve().parents[1] / ".venvs" / "vllm" / "installed"
SKIPPED = pytest.StashKey[dict[str, int]]()


def reason_to_skip(marker: str) -> str | None:
    """Return why tests with this marker cannot run here."""
    if marker == "vllm":
        return None if VLLM.is_file() else "there is no vLLM environment; make it with: make test-vllm"
    from dataflow_rs.exceptions import ModelUnavailableError
    from dataflow_rs.serving.models import locate

    try:
        locate(MODELS[marker])
    except ModelUnavailableError as error:
        return str(error)
    return None


@pytest.hookimpl(trylast=True)  # when the tests that are not asked for are already out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    skipped = config.stash.setdefault(SKIPPED, {})
    for marker in (*MODELS, "vllm"):
        marked = [item for item in items if item.get_closest_marker(marker)]
        reason = reason_to_skip(marker) if marked else None
        if reason is not None:
            skipped[reason] = len(marked)
            for item in marked:
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for reason, tests in config.stash.get(SKIPPED, {}).items():
        terminalreporter.section("NOT TESTED", sep="*", red=True, bold=True)
        terminalreporter.write_line(f"{tests} tests were skipped: {reason}", red=True, bold=True)
