"""Holds answers to a document with python-jsonschema: not the library that made them."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml
from jsonschema.exceptions import UnknownType
from openapi_schema_validator import (
    OAS30ReadValidator,
    OAS31Validator,
    oas30_format_checker,
    oas31_format_checker,
)
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4, DRAFT202012

_HERE = "urn:document"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Dates stay text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if not tag.endswith("timestamp")]
    for first, found in _Loader.yaml_implicit_resolvers.items()
}


def load(file: Path) -> Any:
    text = file.read_text(encoding="utf-8")
    found = json.loads(text) if file.suffix == ".json" else yaml.load(text, _Loader)
    return _with_text_keys(found)


def _with_text_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _with_text_keys(item) for key, item in value.items()}
    return [_with_text_keys(item) for item in value] if isinstance(value, list) else value


class Judge:
    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        old = str(document["openapi"]).startswith("3.0")
        kind = DRAFT4 if old else DRAFT202012
        resource = Resource(contents=document, specification=kind)
        self._registry: Registry[Any] = Registry().with_resource(_HERE, resource)
        self._validator: Any = OAS30ReadValidator if old else OAS31Validator
        self._formats = oas30_format_checker if old else oas31_format_checker

    def problem(self, line: dict[str, Any]) -> tuple[str, str] | None:
        """The place of the schema and what is wrong with the answer; None if nothing is."""
        found = self._content(line)
        if found is None:
            return None if not line["body"] else ("", "a body where the document has none")
        pointer, media = found
        schema = self._at(pointer).get("schema")
        if schema is None or not _is_json(media.partition(";")[0]):
            return None
        pointer = f"{pointer}/schema"
        reference = {"$ref": f"{_HERE}#{quote(pointer)}"}
        body = json.loads(line["body"])
        try:
            error = self._first_error(self._validator, reference, body)
        except UnknownType:  # a document of 3.0 that speaks 3.1 in places
            error = self._first_error(OAS31Validator, reference, body)
        if error is None:
            return None
        return self._followed(pointer)[0], f"{error.json_path}: {error.message[:300]}"

    def _first_error(self, kind: Any, schema: dict[str, Any], body: Any) -> Any:
        validator = kind(schema, registry=self._registry, format_checker=self._formats)
        return next(validator.iter_errors(body), None)

    def _content(self, line: dict[str, Any]) -> tuple[str, str] | None:
        path = line["path"].replace("~", "~0").replace("/", "~1")
        base = f"{self._followed(f'/paths/{path}')[0]}/{line['method']}/responses"
        responses = self._at(base)
        status = str(line["status"])
        key = next(
            (k for k in responses if k.upper() in (status, f"{status[0]}XX")),
            "default" if "default" in responses else None,
        )
        assert key is not None, f"{line['place']}: {status} is not documented"
        pointer, response = self._followed(f"{base}/{key}")
        for name in response.get("content") or {}:
            bare = name.partition(";")[0].strip().lower()
            if line["media"].partition(";")[0] == bare or bare == "*/*":
                escaped = name.replace("~", "~0").replace("/", "~1")
                return f"{pointer}/content/{escaped}", line["media"]
        return None

    def _followed(self, pointer: str) -> tuple[str, Any]:
        value = self._at(pointer)
        while isinstance(value, dict) and "$ref" in value:
            pointer = value["$ref"].removeprefix("#")
            value = self._at(pointer)
        return pointer, value

    def _at(self, pointer: str) -> Any:
        value: Any = self._document
        for part in pointer.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            value = value[int(key)] if isinstance(value, list) else value[key]
        return value


def _is_json(media: str) -> bool:
    """One document of JSON, not a stream of them."""
    return media == "application/json" or (media.endswith("+json") and "stream" not in media)
