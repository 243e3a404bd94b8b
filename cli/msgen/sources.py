"""The URL that services record as their template's: a label, which may be re-pointed."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from . import record
from .errors import UsageError
from .record import Record
from .render import ANSWERS_FILE

_SHORT = re.compile(r"([\w.-]+@)?[\w.-]+:[^\s]+")


def repoint(url: str, places: Sequence[Path]) -> Iterator[tuple[Record, bool]]:
    """Write the URL into answers files; tells each service, and whether it changed.

    Raises UsageError for what is no URL, or holds a password.
    """
    _check(url)
    services = [record.load(place) for place in places]
    for service in services:
        if service.source != url:
            file = service.folder / ANSWERS_FILE
            fresh = file.with_name(f"{file.name}.new")
            fresh.write_bytes(record.with_source(file.read_bytes(), url))
            os.replace(fresh, file)  # noqa: PTH105
        yield service, service.source != url


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
    except ValueError as wrong:
        raise _no_url(url) from wrong
    if parts.password or (parts.scheme in {"https", "http"} and "@" in parts.netloc):
        message = "the URL holds a password or a token, which the service would record"
        raise UsageError(message, hint="leave it out; git asks a credential helper")
    full = parts.scheme in {"https", "http", "ssh", "git", "file"} and (
        parts.netloc or parts.path
    )
    runs_something = url.startswith("-") or "::" in url
    if runs_something or not (full or _SHORT.fullmatch(url)):
        raise _no_url(url)


def _no_url(url: str) -> UsageError:
    message = f"`{url}` is no URL of a git repository"
    return UsageError(message, hint="write it as `https://git.acme.example/msgen.git`")
