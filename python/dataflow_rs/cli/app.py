"""The command group: options that all commands share, and how every command ends.

Exit codes: 0 done (for `run`: the run finished), 1 an error of data, configuration or environment, 2 wrong usage,
130 stopped with Ctrl-C, 141 the reader of the output went away. An error is two lines on standard error, what happened
and what to do; `--debug` shows the traceback instead.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from dataflow_rs.cli.calls import calls
from dataflow_rs.cli.doctor import doctor
from dataflow_rs.cli.explain import explain
from dataflow_rs.cli.failure import report_failure, report_usage
from dataflow_rs.cli.models import models
from dataflow_rs.cli.operators import ops
from dataflow_rs.cli.options import State, common
from dataflow_rs.cli.pack import pack
from dataflow_rs.cli.report import report
from dataflow_rs.cli.run import run
from dataflow_rs.cli.show import show

STOPPED, PIPE_CLOSED = 130, 141


class App(click.Group):
    """A command group that ends as the module says."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,  # noqa: ARG002  # click's signature
        standalone_mode: bool = True,
        windows_expand_args: bool = True,  # noqa: ARG002  # click's signature
        **extra: Any,
    ) -> Any:
        """Run the command of the arguments and exit with its code."""
        if not standalone_mode:
            return super().main(args=args, prog_name=prog_name, standalone_mode=False, **extra)
        sys.exit(self._run(list(sys.argv[1:] if args is None else args), prog_name or "dataflow-rs", extra))

    def _run(self, args: list[str], prog_name: str, extra: dict[str, Any]) -> int:
        state = State(debug="--debug" in args)
        try:
            return self._invoke(args, prog_name, state, extra)
        except click.ClickException as error:
            return report_usage(error, state)
        except (KeyboardInterrupt, click.Abort):
            kept = (
                "what is committed is kept; run the same command to go on" if state.resumes else "nothing was changed"
            )
            click.echo(f"\nstopped: {kept}", err=True)
            return STOPPED
        except BrokenPipeError:
            _discard_output()
            return PIPE_CLOSED
        except Exception as error:  # noqa: BLE001  # the end of the program: said in two lines, with --debug in full
            return report_failure(error, state)

    def _invoke(self, args: list[str], prog_name: str, state: State, extra: dict[str, Any]) -> int:
        _be_printable()
        color = False if os.environ.get("NO_COLOR") else None
        try:
            with self.make_context(prog_name, args, obj=state, color=color, **extra) as context:
                self.invoke(context)
        except click.exceptions.Exit as end:
            return int(end.exit_code)
        finally:
            sys.stdout.flush()
        return state.code


def _be_printable() -> None:
    """Let output that the terminal's encoding cannot hold be shown as escapes instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _discard_output() -> None:
    """Give standard output a place to go, so that flushing it at exit does not fail again."""
    try:
        number = sys.stdout.fileno()
    except OSError:
        return
    os.dup2(os.open(os.devnull, os.O_WRONLY), number)


def _version(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from dataflow_rs import __version__

        click.echo(f"dataflow-rs {__version__}")
        context.exit()


@click.group("dataflow-rs", cls=App, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
@common(json=False)
def main() -> None:
    """Prepare data for language models.

    Runs pipelines and recipes, and says what became of every row.
    """


for command in (run, show, explain, report, ops, models, calls, pack, doctor):
    main.add_command(command)
