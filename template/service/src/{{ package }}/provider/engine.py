"""The document made ready to answer: compiled lazily, put together once."""

from collections.abc import Iterator
from dataclasses import dataclass

from .answers import Answers
from .checking import Validators
from .document import BadDocumentError, Document, Gap
from .inputs import Reader, checked
from .operations import Operation, Operations
from .refusals import Refusals
from .roles import Collections
from .security import Security
from .shapes import Shapes

_OURS = ("/livez", "/readyz", "/startupz", "/metrics", "/docs", "/openapi.json")


@dataclass(frozen=True)
class Engine:
    document: Document
    operations: Operations
    answers: Answers
    reader: Reader
    refusals: Refusals
    security: Security
    collections: Collections
    shapes: Shapes
    asked: Validators
    asking: Answers


def build(document: Document, *, seed: str) -> Engine:
    shapes = Shapes(document.answers.value)
    answers = Answers(shapes, Validators(document.answers, formats=True), seed=seed)
    asked_shapes = Shapes(document.requests.value)
    asked = Validators(document.requests, formats=True)
    operations = Operations(document)
    return Engine(
        document=document,
        operations=operations,
        answers=answers,
        reader=Reader(asked_shapes, asked),
        refusals=Refusals(answers),
        security=Security(document),
        collections=Collections(operations, shapes),
        shapes=shapes,
        asked=asked,
        asking=Answers(asked_shapes, asked, seed=seed, hidden="readOnly"),
    )


def gaps(engine: Engine) -> list[Gap]:
    """Everything that is not emulated: each schema is compiled, and each answer made once."""
    found = [*engine.document.gaps, *engine.operations.gaps, *engine.security.gaps]
    for operation in engine.operations.all:
        found += _of_operation(engine, operation)
    return [*found, *engine.answers.gaps.values()]


def _of_operation(engine: Engine, operation: Operation) -> Iterator[Gap]:
    for look in (_path, _parameters, _bodies, _answer, _plain_errors):
        try:
            yield from look(engine, operation)
        except BadDocumentError as error:
            yield Gap(operation.place, str(error))


def _path(_: Engine, operation: Operation) -> Iterator[Gap]:
    if operation.path in _OURS or operation.path.startswith("/_simulator"):
        yield Gap(operation.place, "the path is the simulator's own")


def _parameters(engine: Engine, operation: Operation) -> Iterator[Gap]:
    for parameter in operation.parameters:
        if parameter.schema is not None:
            engine.asking.data(parameter.schema, parameter.name)
    yield from ()


def _bodies(engine: Engine, operation: Operation) -> Iterator[Gap]:
    body = operation.asked.get("requestBody")
    content = body.get("content") if body is not None else None
    for media, entry in content.children() if content is not None else ():
        if not checked(media.partition(";")[0].strip().lower()):
            yield Gap(entry.pointer, f"bodies of `{media}` are taken unchecked")
        elif (schema := entry.get("schema")) is not None:
            engine.asking.data(schema, media)


def _answer(engine: Engine, operation: Operation) -> Iterator[Gap]:
    status = engine.answers.make(operation).status
    if status >= 400:
        yield Gap(operation.place, f"the document has no success for it; {status} is answered")


def _plain_errors(_: Engine, operation: Operation) -> Iterator[Gap]:
    """The edge of the service gives every plain-text error the shape of the others."""
    for status, response in operation.responses().items():
        content = response.get("content")
        if status[:1] in "45" and content is not None and list(content.value) == ["text/plain"]:
            yield Gap(response.pointer, "an error in plain text is told as problem details")
