"""Imports Copier without its prompt libraries: a quarter of its start, used only to ask.

msgen asks its questions itself and gives Copier every answer, so only `Choice`, which also
holds a question's allowed values, is ever touched. What Copier hardly ever uses is loaded
when it does.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any, NoReturn


class Choice:
    """An allowed value of a question."""

    def __init__(self, title: str, value: Any = None, disabled: str | None = None) -> None:
        """Keep what Copier reads back."""
        self.title, self.value, self.disabled = title, value, disabled


class _Later(ModuleType):
    """Stands in for a module until something of it is asked for."""

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), attribute)


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
_LATER = ("urllib.request", "dunamai")


@contextmanager
def without_prompts() -> Iterator[None]:
    """Let modules that are not loaded yet be stand-ins while the block imports Copier."""
    wanted = [ModuleType(name) for name in _STAND_INS] + [_Later(name) for name in _LATER]
    added = [module for module in wanted if module.__name__ not in sys.modules]
    for module in added:
        module.__dict__.update(_STAND_INS.get(module.__name__, {}))
        sys.modules[module.__name__] = module
    try:
        yield
    finally:
        for module in added:
            if sys.modules.get(module.__name__) is module:
                del sys.modules[module.__name__]
