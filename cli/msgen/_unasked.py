"""Imports Copier without its prompt libraries: a quarter of its start, used only to ask.

msgen asks its questions itself and gives Copier every answer, so only `Choice`, which also
holds a question's allowed values, is ever touched.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NoReturn


class Choice:
    """An allowed value of a question."""

    def __init__(self, title: str, value: Any = None, disabled: str | None = None) -> None:
        """Keep what Copier reads back."""
        self.title, self.value, self.disabled = title, value, disabled


def _never(*_args: object, **_options: object) -> NoReturn:
    message = "Copier was about to ask, although it was given every answer"
    raise RuntimeError(message)


_STAND_INS: dict[str, dict[str, Any]] = {
    "questionary": {"confirm": _never, "unsafe_prompt": _never},
    "questionary.prompts": {},
    "questionary.prompts.common": {"Choice": Choice},
    "prompt_toolkit": {},
    "prompt_toolkit.lexers": {"PygmentsLexer": _never},
    "pygments": {},
    "pygments.lexers": {},
    "pygments.lexers.data": {"JsonLexer": _never, "YamlLexer": _never},
}


@contextmanager
def without_prompts() -> Iterator[None]:
    """Let modules that are not loaded yet be stand-ins while the block imports Copier."""
    added = []
    for name, contents in _STAND_INS.items():
        if name not in sys.modules:
            module = ModuleType(name)
            module.__dict__.update(contents)
            sys.modules[name] = module
            added.append(name)
    try:
        yield
    finally:
        for name in added:
            del sys.modules[name]
