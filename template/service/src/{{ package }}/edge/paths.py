"""Paths of requests: those that two servers might read in two ways are refused."""

import re
import unicodedata
from types import MappingProxyType
from urllib.parse import unquote_to_bytes

from ..chassis.errors import DomainError

_PLAIN = re.compile(rb"/|(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~!$&'()*+,=:@-]+)+/?")
_ENCODED = re.compile(rb"(?:/(?:[A-Za-z0-9._~!$&'()*+,=:@-]|%[0-9A-Fa-f]{2})+)+/?")
_TWICE = re.compile("%(?:25|2e|2f|5c|00)", re.IGNORECASE)


class BadRequestError(DomainError):
    """Ends the connection too: who knows what comes behind such a request."""

    status = 400
    headers = MappingProxyType({"Connection": "close"})


def check(raw: bytes) -> None:
    """Raises BadRequestError for dots that climb, hidden or empty segments, and the like."""
    if not _PLAIN.fullmatch(raw) and not _is_harmless(raw):
        raise BadRequestError("the path can be read in more than one way")


def _is_harmless(raw: bytes) -> bool:
    if not _ENCODED.fullmatch(raw):
        return False
    try:
        segments = [unquote_to_bytes(part).decode() for part in raw.strip(b"/").split(b"/")]
    except UnicodeDecodeError:
        return False
    return all(_is_one_name(segment) for segment in segments)


def _is_one_name(segment: str) -> bool:
    """Also where an upstream decodes once more, or folds characters that look alike."""
    folded = unicodedata.normalize("NFKC", segment)
    hidden = any(sign in folded for sign in "/\\;") or _TWICE.search(segment)
    return not hidden and folded not in (".", "..") and segment.isprintable()
