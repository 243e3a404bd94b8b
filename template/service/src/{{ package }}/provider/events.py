"""What the document says of webhooks and callbacks: whereto, and with which body."""

import re
from collections.abc import Iterator
from typing import Any

import structlog
from starlette.requests import Request

from .answers import Answer, Answers
from .document import BadDocumentError, Document, Node
from .inputs import Inputs, is_json
from .operations import Match, Operation
from .settings import SliceSettings
from .store import Store
from .webhooks import Sender

log = structlog.get_logger()

_EXPRESSION = re.compile(r"\{?\$(url|method|(?:request|response)\.[^{}]+)\}?")


class Events:
    def __init__(
        self,
        document: Document,
        answers: Answers,
        store: Store,
        sender: Sender,
        settings: SliceSettings,
    ) -> None:
        self._document, self._answers, self._store = document, answers, store
        self._sender = sender
        self._url = str(settings.provider_webhook_url or "")

    def after(self, request: Request, match: Match, inputs: Inputs, answer: Answer) -> None:
        """Call back as the operation says."""
        if answer.status >= 300:
            return
        for name, expression, item in _callbacks(match.operation):
            if (url := _address(expression, request, inputs, answer)) is not None:
                self._send(name, url, item, answer.value, {})

    def emit(
        self,
        name: str,
        resource: Any,
        *,
        url: str | None = None,
        body: dict[str, Any] | None = None,
    ) -> bool:
        """Send a webhook of the document by its name; False where it has no address."""
        hooks = self._document.answers.get("webhooks")
        item = hooks.get(name) if hooks is not None else None
        address = url or self._url
        if not address:
            log.info("webhook_without_address", webhook=name)
            return False
        self._send(name, address, item, resource, body or {})
        return True

    def _send(
        self, name: str, url: str, item: Node | None, resource: Any, changes: dict[str, Any]
    ) -> None:
        number = self._store.count("webhooks")
        schema = _body(item) if item is not None else None
        made = self._body(name, schema, resource, number)
        if isinstance(made, dict):
            made = {**made, **changes}
        self._sender.send(name, url, made, identity=f"evt_{number}")

    def _body(self, name: str, schema: Node | None, resource: Any, number: int) -> Any:
        """Data of the schema, with the resource wherever it fits."""
        if schema is None:
            return {"type": name, "data": resource}
        try:
            made = self._answers.data(schema, f"webhook {name} {number}")
        except BadDocumentError as error:
            log.warning("webhook_without_body", webhook=name, problem=str(error))
            return {"type": name, "data": resource}
        if isinstance(resource, dict) and self._answers.fits(schema, resource):
            return resource
        return self._filled(schema, made, {"type": name, "event": name}, resource)

    def _filled(self, schema: Node, made: Any, words: dict[str, str], resource: Any) -> Any:
        if not isinstance(made, dict):
            return made
        for key in made:
            value = words.get(key, resource if isinstance(made[key], dict) else None)
            candidate = {**made, key: value}
            if value is not None and self._answers.fits(schema, candidate):
                made = candidate
        for key, inner in made.items():
            if isinstance(inner, dict) and inner is not resource:
                for name in inner:
                    candidate = {**made, key: {**inner, name: resource}}
                    if isinstance(inner[name], dict) and self._answers.fits(schema, candidate):
                        return candidate
        return made


def _callbacks(operation: Operation) -> Iterator[tuple[str, str, Node]]:
    named = operation.answered.get("callbacks")
    for name, callback in named.children() if named is not None else ():
        for expression, item in callback.children():
            if expression.startswith(("{", "$", "http")):
                yield name, expression, item


def _body(item: Node) -> Node | None:
    for method in ("post", "put", "patch"):
        operation = item.get(method)
        request = operation.get("requestBody") if operation is not None else None
        content = request.get("content") if request is not None else None
        for media, entry in content.children() if content is not None else ():
            if is_json(media):
                return entry.get("schema")
    return None


def _address(expression: str, request: Request, inputs: Inputs, answer: Answer) -> str | None:
    """The expression filled in; None if something that it names is not there."""
    missing = False

    def fill(found: re.Match[str]) -> str:
        nonlocal missing
        value = _value(found[1], request, inputs, answer)
        missing = missing or value is None
        return str(value)

    url = _EXPRESSION.sub(fill, expression)
    return None if missing else url


def _value(name: str, request: Request, inputs: Inputs, answer: Answer) -> Any:
    if name in ("url", "method"):
        return str(request.url) if name == "url" else request.method
    where, _, what = name.partition(".")
    if what.startswith("body#"):
        return _pointed(inputs.body if where == "request" else answer.value, what[5:])
    place, _, key = what.partition(".")
    if place == "header":
        return request.headers.get(key) if where == "request" else answer.headers.get(key.lower())
    return inputs.parameters.get(place, {}).get(key)


def _pointed(value: Any, pointer: str) -> Any:
    for part in filter(None, pointer.split("/")):
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value
