"""Numbers within bounds."""

import math
from random import Random
from typing import Any

_USUAL = 1000


def number(schema: dict[str, Any], random: Random, *, whole: bool) -> int | float:
    """A number for a schema; what contradicts itself is caught by the validator."""
    low, high = _bounds(schema, whole=whole)
    step = schema.get("multipleOf")
    if step:
        first, last = math.ceil(low / step), math.floor(high / step)
        value = random.randint(first, max(first, last)) * step
        return int(value) if whole or float(value).is_integer() else round(value, 10)
    if whole:
        first = math.ceil(low)
        return random.randint(first, max(first, math.floor(high)))
    return _between(low, high, random)


def _between(low: float, high: float, random: Random) -> float:
    value = round(random.uniform(low, high), 2)
    return value if low <= value <= high else (low + high) / 2


def _bounds(schema: dict[str, Any], *, whole: bool) -> tuple[float, float]:
    edge = 1 if whole else 0.01
    low = schema.get("minimum")
    if "exclusiveMinimum" in schema:
        low = max(schema["exclusiveMinimum"] + edge, low if low is not None else -math.inf)
    high = schema.get("maximum")
    if "exclusiveMaximum" in schema:
        high = min(schema["exclusiveMaximum"] - edge, high if high is not None else math.inf)
    if low is None:
        low = 1 if high is None or high >= 1 else high - _USUAL
    if high is None:
        high = low + _USUAL
    return low, min(high, low + 1_000_000)
