"""The command line: its commands, and the one place where errors are told."""

import io
import os
import re
import signal
import sys
from types import FrameType
from typing import Annotated

import typer

from . import __version__, console
from .commands.check import check
from .commands.diff import diff
from .commands.doctor import doctor
from .commands.features import add, remove, set_answers
from .commands.fleet import app as fleet
from .commands.handover import adopt, eject
from .commands.new import new
from .commands.presets import presets
from .commands.recover import recover
from .commands.set_source import set_source
from .commands.update import update
from .errors import UsageError, UserError, as_user_error, did_you_mean

_STOPPED = 130

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
app.command()(update)
app.command()(check)
app.command()(diff)
app.command()(add)
app.command()(remove)
app.command("set")(set_answers)
app.command()(eject)
app.command()(adopt)
app.command("set-source")(set_source)
app.command()(recover)
app.command()(doctor)
app.add_typer(fleet)


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
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a check mark must not stop a poor terminal
    stopped_by = _stop_as_on_ctrl_c()
    try:
        code = int(app(prog_name="msgen", standalone_mode=False) or 0)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as wrong:  # noqa: BLE001
        return _told(wrong)
    if code == _STOPPED:
        console.say()
        console.fail(_stopped())
    return 128 + stopped_by[0] if stopped_by else code


def _stopped() -> UserError:
    staging = sys.modules.get("msgen.staging")
    if staging and staging.published:
        return UserError(f"stopped; `{staging.published[-1]}` is written and whole")
    journal = sys.modules.get("msgen.journal")
    if journal and journal.written:
        message = f"stopped; what is written in `{journal.written[-1]}` is whole and staged"
        hint = "`msgen update --continue` goes on, `msgen update --abort` takes it back"
        return UserError(message, hint=hint)
    return UserError("stopped; nothing was written")


def _stop_as_on_ctrl_c() -> list[int]:
    """Tidy up on `kill` and on a closed terminal too; lists the signal that came."""
    came: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        raise KeyboardInterrupt

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)
    return came


def _told(wrong: Exception) -> int:
    """Tell any failure in one shape; a traceback only when asked for."""
    if os.environ.get("MSGEN_DEBUG"):
        raise wrong
    if isinstance(wrong, typer.TyperException):
        said = wrong.format_message()
        if not said:  # the help was shown already
            return wrong.exit_code
        wrong = _usage(wrong, said)
    elif isinstance(wrong, OSError):
        wrong = as_user_error(wrong)
    elif not isinstance(wrong, UserError):
        hint = "run it again with `MSGEN_DEBUG=1` before it, and report what that prints"
        wrong = UserError(f"msgen itself failed: {type(wrong).__name__}: {wrong}", hint=hint)
    console.fail(wrong)
    return wrong.exit_code


def _usage(wrong: typer.TyperException, said: str) -> UserError:
    """Typer's own complaints in our shape."""
    message, _, advice = said.partition(". ")
    near = getattr(wrong, "possibilities", None)
    if near:
        advice = did_you_mean(getattr(wrong, "option_name", ""), near)
        message = message.partition(" (")[0]
    return UsageError(
        _ticked(message.rstrip(".")), hint=_ticked(advice) or "run `msgen --help`"
    )


def _ticked(text: str) -> str:
    text = re.sub(r"'([^']*)'", r"`\1`", re.sub(r"(?<=: )(--?\S+)$", r"`\1`", text))
    return text[:1].lower() + text[1:]
