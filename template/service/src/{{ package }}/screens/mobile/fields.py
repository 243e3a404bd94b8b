"""Sparse selection: `fields=orders.id,customer` picks these out of an answer, and no others."""

from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, create_model

from ...chassis.errors import RejectedError


class UnknownFieldsError(RejectedError):
    pass


def paths(model: type[BaseModel]) -> frozenset[str]:
    """All that can be asked for, with dots where models are in models."""
    found = set()
    for name, field in model.model_fields.items():
        found.add(name)
        for below in _models(field.annotation):
            found |= {f"{name}.{path}" for path in paths(below)}
    return frozenset(found)


def parse(text: str, known: frozenset[str]) -> frozenset[str]:
    """Raises UnknownFieldsError, which says what is known, and not what was sent."""
    wanted = frozenset(part.strip() for part in text.split(",") if part.strip())
    if not wanted or wanted - known:
        names = ", ".join(f"`{path}`" for path in sorted(known))
        raise UnknownFieldsError(f"`fields` names something else than {names}")
    return wanted


def pick(value: Any, wanted: frozenset[str]) -> Any:
    """A name without more brings everything below it."""
    if isinstance(value, list):
        return [pick(each, wanted) for each in value]
    if not isinstance(value, dict):
        return value
    picked = {}
    for name, found in value.items():
        below = frozenset(path[len(name) + 1 :] for path in wanted if path.startswith(f"{name}."))
        if name in wanted:
            picked[name] = found
        elif below:
            picked[name] = pick(found, below)
    return picked


def compact(value: Any) -> Any:
    """Leaves out nulls and empty texts, lists and objects; not zero, and not false."""
    if isinstance(value, list):
        return [compact(each) for each in value]
    if isinstance(value, dict):
        short = {name: compact(each) for name, each in value.items()}
        return {name: each for name, each in short.items() if each not in (None, "", [], {})}
    return value


def sparse(model: type[BaseModel]) -> type[BaseModel]:
    """The same model with every field optional, also in the models below."""
    optional: dict[str, Any] = {
        name: (_sparse(field.annotation) | None, None) for name, field in model.model_fields.items()
    }
    return create_model(f"Sparse{model.__name__}", __doc__=model.__doc__, **optional)


def _sparse(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return sparse(annotation)
    arguments = tuple(_sparse(each) for each in get_args(annotation))
    if get_origin(annotation) in (Union, UnionType):
        return Union[arguments]  # noqa: UP007 - known at run time only
    return get_origin(annotation)[arguments] if arguments else annotation


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    parts = [each for each in get_args(annotation) if each is not NoneType]
    return [model for each in parts for model in _models(each)]
