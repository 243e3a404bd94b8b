"""Strings that fit a format, a pattern and a length."""

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from . import patterns

_WORDS = (
    "amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "hazel", "indigo", "juniper",
    "kestrel", "linden", "maple", "nectar", "ocean", "pebble", "quartz", "river", "sierra",
    "timber", "umber", "violet", "willow", "yarrow", "zephyr",
)  # fmt: skip
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_YEAR_SECONDS = 31_536_000
_TRIES = 20


def word(random: Random) -> str:
    return random.choice(_WORDS)


def text(schema: dict[str, Any], random: Random) -> str:
    """A string for a schema; what contradicts itself is caught by the validator."""
    shortest = int(schema.get("minLength", 0))
    longest = int(schema.get("maxLength", max(shortest, 200)))
    if isinstance(pattern := schema.get("pattern"), str):
        return _matching(pattern, shortest, longest, random)
    if (make := _FORMATS.get(str(schema.get("format")))) is not None:
        return _padded(make(random), schema, shortest)
    made = word(random)
    while len(made) < shortest:
        made += f"-{word(random)}"
    return made[:longest]


def _padded(made: str, schema: dict[str, Any], shortest: int) -> str:
    if schema.get("format") in ("password", "binary", "uri", "url") and len(made) < shortest:
        return made.ljust(shortest, "x")
    return made


def _matching(pattern: str, shortest: int, longest: int, random: Random) -> str:
    made = ""
    for attempt in range(_TRIES):
        most = 4 if attempt < _TRIES // 2 else max(shortest, 8)
        try:
            made = patterns.matching(pattern, random, most=most)
        except (re.error, OverflowError):
            return word(random)
        if shortest <= len(made) <= longest:
            return made
    return made if pattern.endswith("$") else made.ljust(shortest, "x")[:longest]


def _moment(random: Random) -> datetime:
    return _EPOCH + timedelta(seconds=random.randrange(_YEAR_SECONDS))


def _uuid(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))


def _address(random: Random) -> str:
    return f"https://{word(random)}.example.com/{word(random)}"


def _number_of_version_four(random: Random) -> str:
    return f"192.0.2.{random.randrange(1, 255)}"


_FORMATS: dict[str, Callable[[Random], str]] = {
    "date-time": lambda random: _moment(random).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "date": lambda random: _moment(random).strftime("%Y-%m-%d"),
    "time": lambda random: _moment(random).strftime("%H:%M:%SZ"),
    "duration": lambda random: f"P{random.randrange(1, 30)}D",
    "email": lambda random: f"{word(random)}.{word(random)}@example.com",
    "idn-email": lambda random: f"{word(random)}@example.com",
    "uuid": _uuid,
    "uri": _address,
    "url": _address,
    "iri": _address,
    "uri-reference": lambda random: f"/{word(random)}",
    "uri-template": lambda random: f"https://{word(random)}.example.com/" + "{id}",
    "hostname": lambda random: f"{word(random)}.example.com",
    "ipv4": _number_of_version_four,
    "ip": _number_of_version_four,
    "ipv6": lambda random: f"2001:db8::{random.randrange(1, 65535):x}",
    "byte": lambda random: base64.b64encode(word(random).encode()).decode(),
    "binary": word,
    "password": lambda random: f"{word(random)}-{word(random)}",
    "json-pointer": lambda random: f"/{word(random)}",
    "regex": lambda random: f"^{word(random)}$",
}
