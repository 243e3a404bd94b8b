"""Few sets of answers in which every pair of option values meets."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from itertools import combinations, product
from typing import Any

Row = dict[str, Any]
Pair = frozenset[tuple[str, Any]]


def covering(
    options: Mapping[str, Sequence[Any]], forbidden: AbstractSet[Pair] = frozenset()
) -> list[Row]:
    """Greedy: each row starts with a pair not met yet and takes the values that meet most."""
    missing = {
        frozenset({(one, a), (other, b)})
        for one, other in combinations(options, 2)
        for a, b in product(options[one], options[other])
    } - forbidden
    rows: list[Row] = []
    while missing:
        first = min(missing, key=lambda pair: sorted(map(str, pair)))
        row = _row(dict(first), options, missing, forbidden)
        missing -= pairs(row)
        rows.append(row)
    return rows


def pairs(row: Row) -> set[Pair]:
    """The pairs of values that meet in a row."""
    return {frozenset(pair) for pair in combinations(row.items(), 2)}


def _row(
    row: Row,
    options: Mapping[str, Sequence[Any]],
    missing: set[Pair],
    forbidden: AbstractSet[Pair],
) -> Row:
    for option, values in options.items():
        if option not in row:
            allowed = [
                each for each in values if not pairs({**row, option: each}) & set(forbidden)
            ]
            row[option] = max(allowed, key=partial(_met, row, option, missing))
    return {option: row[option] for option in options}


def _met(row: Row, option: str, missing: set[Pair], value: Any) -> int:
    return len(missing & pairs({**row, option: value}))
