"""Whether a request brings the credentials that the document names; nobody looks at their value."""

import base64
import binascii
from typing import Any

from starlette.requests import Request

from .document import Document, Gap
from .operations import Operation


class Security:
    def __init__(self, document: Document) -> None:
        schemes = document.answers.get("components")
        found = schemes.get("securitySchemes") if schemes is not None else None
        self._schemes = {
            name: node.value for name, node in (found.children() if found is not None else ())
        }
        self.gaps = [
            Gap(f"/components/securitySchemes/{name}", "certificates of clients are not looked at")
            for name, scheme in self._schemes.items()
            if scheme.get("type") == "mutualTLS"
        ]

    def problem(self, operation: Operation, request: Request) -> str | None:
        """One sentence, or None where one of the alternatives is met."""
        alternatives = operation.security
        if not alternatives or any(not each for each in alternatives):
            return None
        problems = [self._lacking(each, request) for each in alternatives]
        return None if None in problems else problems[0]

    def _lacking(self, wanted: dict[str, Any], request: Request) -> str | None:
        for name in wanted:
            scheme = self._schemes.get(name, {})
            if (problem := _problem(scheme, request)) is not None:
                return problem
        return None


def _problem(scheme: dict[str, Any], request: Request) -> str | None:
    kind = scheme.get("type")
    if kind == "apiKey":
        name, place = str(scheme.get("name", "")), scheme.get("in")
        sources = {"query": request.query_params, "cookie": request.cookies}
        given = sources.get(str(place), request.headers).get(name)
        return None if given else f"the {place} `{name}` with an API key is missing"
    if kind == "http" and str(scheme.get("scheme", "")).lower() == "basic":
        return None if _is_basic(request) else "basic authentication is missing"
    if kind in ("http", "oauth2", "openIdConnect"):
        word = "Bearer" if kind != "http" else str(scheme.get("scheme", "bearer"))
        scheme_said, _, token = request.headers.get("authorization", "").partition(" ")
        fits = scheme_said.lower() == word.lower() and token.strip()
        return None if fits else f"`Authorization: {word.capitalize()} …` is missing"
    return None


def _is_basic(request: Request) -> bool:
    word, _, coded = request.headers.get("authorization", "").partition(" ")
    try:
        return word.lower() == "basic" and b":" in base64.b64decode(coded, validate=True)
    except (binascii.Error, ValueError):
        return False
