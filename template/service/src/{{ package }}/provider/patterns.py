"""Text that matches a regular expression, by a walk over what `re` has parsed."""

import string
from importlib import import_module
from random import Random
from typing import Any

# The parser of `re` has no public name; hypothesis and others walk over its result too.
_parser: Any = import_module("re._parser")

_MOST_REPEATS = 4
_VISIBLE = string.ascii_letters + string.digits + "-_.~ !#$%&()*+,:;=?@"
_SETS = {
    "CATEGORY_DIGIT": string.digits,
    "CATEGORY_WORD": string.ascii_letters + string.digits + "_",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_DIGIT": string.ascii_letters,
    "CATEGORY_NOT_WORD": "-.",
    "CATEGORY_NOT_SPACE": string.ascii_letters + string.digits,
}


def matching(pattern: str, random: Random, *, most: int = _MOST_REPEATS) -> str:
    """`most` bounds what `*` and `+` repeat; raises re.error for what `re` does not read."""
    return _Walk(random, most).over(_parser.parse(pattern))


class _Walk:
    def __init__(self, random: Random, most: int) -> None:
        self._random, self._most = random, most
        self._groups: dict[int, str] = {}

    def over(self, parsed: Any) -> str:
        return "".join(self._state(str(code), value) for code, value in parsed)

    def _state(self, code: str, value: Any) -> str:
        match code:
            case "LITERAL":
                return chr(value)
            case "NOT_LITERAL":
                return self._one_of([each for each in _VISIBLE if each != chr(value)])
            case "ANY":
                return self._one_of(list(string.ascii_lowercase))
            case "IN":
                return self._one_of(_members(value))
            case "BRANCH":
                return self.over(self._random.choice(value[1]))
            case "SUBPATTERN":
                made = self.over(value[-1])
                self._groups[value[0]] = made
                return made
            case "ATOMIC_GROUP":
                return self.over(value)
            case "GROUPREF":
                return self._groups.get(value, "")
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                low, high, inner = value
                times = self._random.randint(low, min(int(high), low + self._most))
                return "".join(self.over(inner) for _ in range(times))
        return ""  # anchors and assertions; a validator looks at the whole afterwards

    def _one_of(self, members: list[str]) -> str:
        return self._random.choice(members) if members else ""


def _members(items: Any) -> list[str]:
    """The characters of a class, in order, so that a seed means the same everywhere."""
    found: list[str] = []
    negated = False
    for code, value in items:
        name = str(code)
        if name == "NEGATE":
            negated = True
        elif name == "LITERAL":
            found.append(chr(value))
        elif name == "RANGE":
            found += [chr(number) for number in range(value[0], min(value[1], value[0] + 500) + 1)]
        elif name == "CATEGORY":
            found += _SETS.get(str(value), "")
    if negated:
        return [each for each in _VISIBLE if each not in found]
    plain = [each for each in found if each in _VISIBLE]
    return plain or found
