"""The files of the page, and the few answers that people see without it."""

from html import escape
from pathlib import Path
from string import Template
from typing import Any

from fastapi import Response

FOLDER = Path(__file__).with_name("page")
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " connect-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
}
NAMES = frozenset(path.name for path in FOLDER.iterdir() if path.suffix in (".js", ".css"))


def file(name: str, status: int = 200, **texts: str) -> Response:
    """Of the folder `page`; in HTML `$name` stands for a text."""
    path = FOLDER / name
    content: Any = path.read_text(encoding="utf-8")
    if texts:
        safe = {name: escape(text, quote=True) for name, text in texts.items()}
        content = Template(content).substitute(safe)
    return Response(content, status, headers=_HEADERS, media_type=_TYPES[path.suffix])
