"""Collections that remember: what was made can be read, listed, changed and removed."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from . import styles
from .answers import Answer, Answers
from .inputs import Inputs
from .listing import listed
from .operations import Match
from .overlay import merged, overlaid
from .roles import Role
from .scenarios import Change, Rule
from .shapes import Shapes
from .store import Store

Make = Callable[..., Answer]


class MissingError(Exception):
    """There is no such resource."""


class WrongStateError(Exception):
    """A rule wants the resource in another state."""


class State:
    def __init__(self, store: Store, answers: Answers, shapes: Shapes, *, strict: bool) -> None:
        """`strict`: what nobody has made does not exist."""
        self._store, self._answers, self._shapes = store, answers, shapes
        self._strict = strict

    def perform(
        self, role: Role, match: Match, inputs: Inputs, make: Make, rule: Rule | None
    ) -> Answer:
        """The answer of `make` with what is known in it; MissingError where there is nothing."""
        rule = rule or Rule()
        collection = role.of(dict(match.values))
        with self._store.whole():
            self._look_at_parent(role, match, rule)
            match role.deed:
                case "list":
                    return self._list(role, collection, inputs, make)
                case "create":
                    return self._create(role, collection, inputs, make, rule)
            identity = match.values[role.variable]
            if role.deed == "remove":
                return self._remove(role, collection, identity, make, rule)
            return self._on_item(role, collection, identity, inputs, make, rule)

    def _knows_all(self, collection: str) -> bool:
        return self._strict or self._store.is_touched(collection)

    def _look_at_parent(self, role: Role, match: Match, rule: Rule) -> None:
        collection, _, rest = role.collection.rpartition("/{")
        if not collection or not rest.partition("}")[2]:
            return
        variable = rest.partition("}")[0]
        above = Role("read", collection, variable, "id", None).of(dict(match.values))
        identity = match.values.get(variable, "")
        parent = self._store.get(above, identity)
        if parent is None:
            if self._knows_all(above) and self._store.is_touched(above):
                raise MissingError
            return
        if rule.parent is not None:
            _want(rule.parent, parent)
            self._store.put(above, identity, merged(parent, rule.parent.values({}, parent)))

    def _create(
        self, role: Role, collection: str, inputs: Inputs, make: Make, rule: Rule
    ) -> Answer:
        sent = _resource(inputs.body, role.wrapper)
        number = self._store.count(f"made {collection}")
        answer = make(variant=f"{collection} {number}")
        changes: dict[str, Any] = {
            **sent,
            role.field: self._identity(role, collection, sent, answer, number),
        }
        changes |= rule.values(sent, {**_resource(answer.value, role.wrapper), **changes})
        made = overlaid(self._answers, answer, role.wrapper, changes, self._known(answer, role))
        identity = str(made.get(role.field, changes[role.field]))
        self._store.put(collection, identity, made)
        if "location" in answer.headers:
            answer.headers["location"] = f"{inputs.path}/{quote(identity, safe='')}"
        return answer

    def _identity(
        self, role: Role, collection: str, sent: dict[str, Any], answer: Answer, number: int
    ) -> Any:
        """The caller's own, if it may choose one; else one that is not taken."""
        if sent.get(role.field) is not None:
            return sent[role.field]
        schema = self._known(answer, role).get(role.field, {})
        for attempt in range(100):
            made = self._answers.fresh(schema, f"{collection} {number} {attempt}")
            if self._store.get(collection, str(made)) is None:
                return made
        return made

    def _on_item(
        self, role: Role, collection: str, identity: str, inputs: Inputs, make: Make, rule: Rule
    ) -> Answer:
        held = self._store.get(collection, identity)
        if held is None and self._knows_all(collection) and role.deed != "replace":
            raise MissingError
        answer = make(variant=f"{collection} {identity}")
        known = self._known(answer, role)
        own = {role.field: styles.typed(identity, known.get(role.field, {}), self._shapes)}
        if role.deed == "read":
            overlaid(self._answers, answer, role.wrapper, held or own, known)
            return answer
        sent = _resource(inputs.body, role.wrapper)
        base = {} if role.deed == "replace" else held or {}
        _want(rule, held or _resource(answer.value, role.wrapper))
        changes = {**merged(base, sent), **rule.values(sent, held or {}), **own}
        made = overlaid(self._answers, answer, role.wrapper, changes, known)
        self._store.put(collection, identity, made)
        return answer

    def _remove(self, role: Role, collection: str, identity: str, make: Make, rule: Rule) -> Answer:
        held = self._store.get(collection, identity)
        if held is None and self._knows_all(collection):
            raise MissingError
        _want(rule, held or {})
        self._store.remove(collection, identity)
        answer = make(variant=f"{collection} {identity}")
        if isinstance(answer.value, dict):
            known = self._known(answer, role)
            own = {role.field: styles.typed(identity, known.get(role.field, {}), self._shapes)}
            overlaid(self._answers, answer, role.wrapper, {**(held or {}), **own}, known)
        return answer

    def _list(self, role: Role, collection: str, inputs: Inputs, make: Make) -> Answer:
        answer = make(variant=collection)
        if self._knows_all(collection):
            schema = answer.schema.value if answer.schema is not None else {}
            if role.wrapper is not None:
                schema = self._shapes.properties(schema).get(role.wrapper, {})
            known = self._shown(self._shapes.items(schema))
            held = [
                {name: value for name, value in item.items() if name in known or not known}
                for item in self._store.all(collection)
            ]
            listed(self._answers, answer, role, held, inputs)
        return answer

    def _known(self, answer: Answer, role: Role) -> dict[str, Any]:
        """The properties of the resource in an answer."""
        schema = answer.schema.value if answer.schema is not None else {}
        if role.wrapper is not None:
            schema = self._shapes.properties(schema).get(role.wrapper, {})
        return self._shown(schema)

    def _shown(self, schema: Any) -> dict[str, Any]:
        """Without what callers only send."""
        found = self._shapes.properties(schema)
        return {
            name: inner
            for name, inner in found.items()
            if not self._shapes.flat(inner).get("writeOnly")
        }


def _want(rule: Change, held: dict[str, Any]) -> None:
    for name, allowed in rule.wants.items():
        values = allowed if isinstance(allowed, list) else [allowed]
        if name in held and held[name] not in values:
            raise WrongStateError(f"`{name}` is not {' or '.join(f'`{each}`' for each in values)}")


def _resource(value: Any, wrapper: str | None) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {}
    inner = value.get(wrapper) if wrapper is not None else None
    return dict(inner) if isinstance(inner, dict) else dict(value)
