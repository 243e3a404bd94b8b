"""The command line: its commands, and the one place where errors are told."""

import os
import re
import sys
from typing import Annotated

import typer

from . import __version__, console
from .commands.doctor import doctor
from .commands.new import new
from .commands.presets import presets
from .errors import UsageError, UserError, did_you_mean

app = typer.Typer(
    name="msgen",
    help="Generates Python microservices that are ready for production.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(new)
app.command()(presets)
app.command()(doctor)


def _print_version(wanted: bool) -> None:  # noqa: FBT001
    if wanted:
        console.out(f"msgen {__version__}")
        raise typer.Exit


@app.callback()
def options(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", "-V", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Generates Python microservices that are ready for production."""


def main() -> int:
    """Run the command line; the exit code is 0 done, 1 failure, 2 usage, 130 stopped."""
    try:
        code = app(prog_name="msgen", standalone_mode=False)
    except UserError as wrong:
        console.fail(wrong)
        return wrong.exit_code
    except typer.TyperException as wrong:
        if not wrong.message:  # the help was asked for and is shown already
            return wrong.exit_code
        console.fail(_usage(wrong))
        return wrong.exit_code
    except typer.Abort:
        code = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    if code == 130:  # noqa: PLR2004
        console.say()
        console.fail(UserError("stopped; nothing was written"))
    return int(code or 0)


def _usage(wrong: typer.TyperException) -> UserError:
    """Typer's own complaints in our shape."""
    message, _, advice = wrong.message.partition(". ")
    near = getattr(wrong, "possibilities", None)
    if near:
        advice = did_you_mean(getattr(wrong, "option_name", ""), near)
    return UsageError(
        _ticked(message.rstrip(".")), hint=_ticked(advice) or "run `msgen --help`"
    )


def _ticked(text: str) -> str:
    text = re.sub(r"'([^']*)'", r"`\1`", re.sub(r"(?<=: )(--?\S+)$", r"`\1`", text))
    return text[:1].lower() + text[1:]
