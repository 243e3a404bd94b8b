"""Answers as HTTP responses."""

from typing import Any

from starlette.responses import Response

from .answers import Answer


def rendered(answer: Answer, headers: dict[str, str] | None = None) -> Response:
    # The service gives every answer an id of its own.
    kept = {
        name: value
        for name, value in (headers or answer.headers).items()
        if name.lower() != "x-request-id"
    }
    return Response(answer.body(), answer.status, kept, media_type=answer.media)


def replayed(found: dict[str, Any]) -> Response:
    media = found["headers"].get("content-type", "application/json").partition(";")[0]
    headers = {key: value for key, value in found["headers"].items() if key != "content-type"}
    empty = found["body"] is None
    return rendered(Answer(found["status"], None if empty else media, found["body"], headers))
