# Sealed: an update replaces this file.
"""Instances from a file: a line each, `HOST:PORT` and maybe a weight."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from .instance import Instance, found
from .source import DiscoveryError, Lookup

_SECONDS = 1.0


class FileSource:
    """Read again every second: that sees replaced files and links, as Kubernetes mounts them."""

    def __init__(self, path: str, scheme: str, lookup: Lookup) -> None:
        self._path, self._scheme = Path(path), scheme
        self.seconds = min(_SECONDS, lookup.seconds)

    async def fetch(self) -> Sequence[Instance]:
        try:
            text = await asyncio.to_thread(self._path.read_text, "utf-8")
            lines = [line.partition("#")[0].split() for line in text.splitlines()]
            return [self._instance(*words) for words in lines if words]
        except DiscoveryError:
            raise
        except (OSError, ValueError, TypeError) as error:
            raise DiscoveryError(type(error).__name__) from None

    def _instance(self, place: str, weight: str = "1") -> Instance:
        host, _, port = place.rpartition(":")
        return found(host.strip("[]"), int(port), self._scheme, weight=int(weight))
