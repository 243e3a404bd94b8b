"""Compiled Jinja templates, kept in the user's cache: compiling is half of a rendering."""

import hashlib
import marshal
import os
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

from . import store

_Key = tuple[str, str | None, str | None]
_DIGEST = hashlib.sha256().digest_size

_loaded: dict[Path, dict[_Key, CodeType]] = {}


class Compiled:
    """The code of one template's sources, read once and written back when it has grown."""

    def __init__(self, identity: str) -> None:
        """Name the template and everything else that the code depends on."""
        parts = (identity, sys.implementation.cache_tag, *_versions())
        digest = hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()
        self._file = store.home() / "compiled" / digest[:32]
        if self._file not in _loaded:
            _loaded[self._file] = self._read()
        self._code = _loaded[self._file]
        self._known = len(self._code)

    def attach(self, environment: Any) -> None:
        """Let an environment compile only what is not known yet."""
        compile_source = environment.compile

        def compile_once(
            source: Any, name: str | None = None, filename: str | None = None, **more: Any
        ) -> Any:
            key = (source, name, filename)
            if more or not isinstance(source, str):
                return compile_source(source, name, filename, **more)
            if key not in self._code:
                self._code[key] = compile_source(source, name, filename)
            return self._code[key]

        environment.compile = compile_once

    def save(self) -> None:
        """Keep what was compiled; a cache that cannot be written is none."""
        if len(self._code) == self._known:
            return
        self._known = len(self._code)
        with suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            handle, fresh = tempfile.mkstemp(dir=self._file.parent)
            with os.fdopen(handle, "wb") as opened:
                body = marshal.dumps(self._code)
                opened.write(hashlib.sha256(body).digest() + body)
            Path(fresh).replace(self._file)

    def _read(self) -> dict[_Key, CodeType]:
        """Nothing when there is none or it is damaged: then it is compiled again."""
        try:
            said = self._file.read_bytes()
            own = not hasattr(os, "getuid") or self._file.stat().st_uid == os.getuid()
        except OSError:
            return {}
        digest, body = said[:_DIGEST], said[_DIGEST:]
        if not own or hashlib.sha256(body).digest() != digest:
            return {}
        try:
            found = marshal.loads(body)  # noqa: S302 - as a .pyc is read
        except Exception:  # noqa: BLE001 - whatever is wrong with it, it is made again
            return {}
        return found if isinstance(found, dict) else {}


@cache
def _versions() -> tuple[str, str]:
    from importlib.metadata import version

    return version("jinja2"), version("copier")
