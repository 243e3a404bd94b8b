"""Runs in the environment of a service: calls every operation of a document once.

Writes one line of JSON for each: what was asked, and what was answered.
"""

import argparse
import asyncio
import importlib
import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx2

_JSON = "application/json"
_EVERYTHING = {
    "authorization": "Bearer anything",
    "accept": "application/json, */*;q=0.5",
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("package")
    parser.add_argument("document", type=Path)
    parser.add_argument("--most", type=int, help="how many operations, evenly spread")
    options = parser.parse_args()
    asyncio.run(_probe(options.package, options.document, options.most))


async def _probe(package: str, document: Path, most: int | None) -> None:
    settings = importlib.import_module(f"{package}.settings").Settings(
        _env_file=None,
        provider_document=document,
        provider_scenarios="/dev/null",
        provider_checks_security=False,
        log_level="ERROR",
        max_body_bytes=10_000_000,
    )
    app = importlib.import_module(f"{package}.main").create_app(settings)
    engine, store = app.state.provider.engine, app.state.provider.store
    caller = Caller(package, engine)
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        for operation in _spread(engine.operations.all, most):
            store.clear()
            _write(await caller.call(client, operation))
    gaps = importlib.import_module(f"{package}.provider.engine").gaps(engine)
    named = [[gap.place, gap.what] for gap in gaps]
    _write({"total": len(engine.operations.all), "gaps": named})


class Caller:
    def __init__(self, package: str, engine: Any) -> None:
        self._engine = engine
        self._styles = importlib.import_module(f"{package}.provider.styles")
        self._wrong = importlib.import_module(f"{package}.provider.document").BadDocumentError

    def _data(self, schema: Any) -> Any:
        """Made as answers are, and held to the schema by the simulator's own validator."""
        return self._engine.asking.data(schema, schema.pointer)

    async def call(self, client: Any, operation: Any) -> dict[str, Any]:
        try:
            request = self._request(operation)
        except self._wrong as error:
            return {"place": operation.place, "problem": f"no request: {error}"}
        answer = await client.request(operation.method.upper(), **request)
        return {
            "place": operation.place,
            "path": operation.path,
            "method": operation.method,
            "status": answer.status_code,
            "media": answer.headers.get("content-type", ""),
            "body": answer.text,
            "url": request["url"],
        }

    def _request(self, operation: Any) -> dict[str, Any]:
        path, query, headers = operation.path, [], dict(_EVERYTHING)
        for parameter in operation.parameters:
            if not parameter.required:
                continue
            value = self._data(parameter.schema) if parameter.schema is not None else "x"
            if parameter.location == "path":
                text = self._styles.written(value, explode=parameter.explode)
                text = quote(_marked(parameter, text), safe="")
                path = path.replace(f"{{{parameter.name}}}", text)
            elif parameter.location == "query":
                query += _pairs(parameter, value)
            elif parameter.location == "header":
                text = self._styles.written(value)
                headers[parameter.name] = text.encode("latin-1", "replace")
            else:
                headers["cookie"] = f"{parameter.name}={quote(str(value))}"
        content, headers = self._body(operation, headers)
        url = path + (f"?{urlencode(query)}" if query else "")
        return {"url": url, "headers": headers, "content": content}

    def _body(self, operation: Any, headers: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
        body = operation.asked.get("requestBody")
        media = body.get("content") if body is not None else None
        if media is None or not media.value:
            return b"", headers
        names = sorted(media.value, key=lambda name: (not name.startswith(_JSON), name))
        entry = media.get(names[0])
        schema = entry.get("schema") if entry is not None else None
        value = self._data(schema) if schema is not None else {}
        headers = {**headers, "content-type": names[0]}
        if names[0] == "multipart/form-data":
            return _multipart(value, headers)
        if names[0] == "application/x-www-form-urlencoded":
            return urlencode(_flat("", value)).encode(), headers
        is_json = names[0].startswith(_JSON) or "+json" in names[0]
        return (json.dumps(value) if is_json else str(value)).encode(), headers


def _marked(parameter: Any, text: str) -> str:
    return f".{text}" if parameter.style == "label" else text


def _pairs(parameter: Any, value: Any) -> list[tuple[str, Any]]:
    if parameter.media is not None:
        return [(parameter.name, json.dumps(value))]
    if isinstance(value, dict) and parameter.style == "deepObject":
        return _flat(parameter.name, value)
    if isinstance(value, dict):
        return [(key, _text(item)) for key, item in value.items()]
    if isinstance(value, list) and parameter.explode:
        return [(parameter.name, _text(item)) for item in value]
    if isinstance(value, list):
        separator = {"spaceDelimited": " ", "pipeDelimited": "|"}.get(parameter.style, ",")
        return [(parameter.name, separator.join(map(_text, value)))]
    return [(parameter.name, _text(value))]


def _flat(name: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        inner = [(f"{name}[{key}]" if name else key, item) for key, item in value.items()]
        return [pair for key, item in inner for pair in _flat(key, item)]
    if isinstance(value, list):
        return [pair for item in value for pair in _flat(f"{name}[]", item)]
    return [(name, _text(value))]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _multipart(value: Any, headers: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
    parts = []
    for name, text in _flat("", value):
        head = f'--edge\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n'
        parts.append(f"{head}{text}\r\n")
    headers = {**headers, "content-type": "multipart/form-data; boundary=edge"}
    return ("".join(parts) + "--edge--\r\n").encode(), headers


def _spread(operations: list[Any], most: int | None) -> list[Any]:
    if most is None or len(operations) <= most:
        return operations
    return [operations[number * len(operations) // most] for number in range(most)]


def _write(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
