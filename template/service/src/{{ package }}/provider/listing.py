"""Lists: filtered and cut as the query says, in the envelope that the document has."""

from typing import Any

from .answers import Answer, Answers
from .inputs import Inputs
from .roles import Role

_LIMITS = ("limit", "per_page", "page_size", "pageSize", "perPage", "size", "maxResults", "count")
_TOTALS = frozenset({"total", "total_count", "totalCount", "count", "total_items", "totalItems"})
_SIZES = frozenset({"size", "page_size", "per_page", "returned"})
_MORE = frozenset({"has_more", "hasMore", "has_next", "hasNext"})


def listed(
    answers: Answers, answer: Answer, role: Role, found: list[dict[str, Any]], inputs: Inputs
) -> None:
    """Put resources into the answer of a list."""
    query = inputs.parameters.get("query", {})
    wanted = [item for item in found if _fits_filters(item, query)]
    start, limit = _window(query, len(wanted))
    page = wanted[start : start + limit]
    samples = answer.value if role.wrapper is None else answer.value.get(role.wrapper)
    sample = samples[0] if isinstance(samples, list) and samples else {}
    page = [_fitting(answers, answer, role, item, sample) for item in page]
    answer.value = _wrapped(answer.value, role, page)
    if isinstance(answer.value, dict):
        _count(answers, answer, len(wanted), len(page), more=start + limit < len(wanted))


def _fits_filters(item: dict[str, Any], query: dict[str, Any]) -> bool:
    for name, value in query.items():
        held = item.get(name)
        if name in item and not isinstance(held, dict | list):
            allowed = value if isinstance(value, list) else [value]
            if held not in allowed:
                return False
    return True


def _window(query: dict[str, Any], total: int) -> tuple[int, int]:
    limit = next((query[name] for name in _LIMITS if isinstance(query.get(name), int)), total)
    offset = query.get("offset")
    if isinstance(offset, int):
        return max(0, offset), max(0, limit)
    page = query.get("page")
    return (page - 1) * limit if isinstance(page, int) and page > 0 else 0, max(0, limit)


def _fitting(
    answers: Answers, answer: Answer, role: Role, item: dict[str, Any], sample: Any
) -> Any:
    """The item, or as much of it as a list of this document may hold."""
    for candidate in (item, {**sample, **item}, {**sample, role.field: item.get(role.field)}):
        if answers.fits(answer.schema, _wrapped(answer.value, role, [candidate])):
            return candidate
    known = {key: value for key, value in item.items() if key in sample}
    candidate = {**sample, **known}
    for key in known:
        if answers.fits(answer.schema, _wrapped(answer.value, role, [candidate])):
            return candidate
        if key != role.field:
            candidate[key] = sample[key]
    return candidate


def _wrapped(value: Any, role: Role, items: list[Any]) -> Any:
    return items if role.wrapper is None else {**value, role.wrapper: items}


def _count(answers: Answers, answer: Answer, total: int, shown: int, *, more: bool) -> None:
    """Totals and marks of further pages, where the envelope has them."""
    for name, held in list(answer.value.items()):
        said: Any = held
        if name in _TOTALS and isinstance(held, int):
            said = total
        elif name in _SIZES and isinstance(held, int):
            said = shown
        elif name in _MORE and isinstance(held, bool):
            said = more
        if said != held and answers.fits(answer.schema, {**answer.value, name: said}):
            answer.value = {**answer.value, name: said}
