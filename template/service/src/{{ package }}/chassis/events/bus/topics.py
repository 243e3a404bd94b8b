# Sealed: an update replaces this file.
"""Into how many partitions a topic is split: who counts otherwise would lose events in silence."""

from collections.abc import Iterable

import structlog

from .port import BusUnavailableError

log = structlog.get_logger()


class PartitionsDifferError(BusUnavailableError):
    """Nothing is sent, so that events wait where they are until the setting is right."""


class Topics:
    """Those whose partitions the broker knows to be as many as ours."""

    def __init__(self, partitions: int) -> None:
        self.partitions = partitions
        self._known: set[str] = set()
        self._told: set[str] = set()

    def unknown(self, topics: Iterable[str]) -> set[str]:
        return set(topics) - self._known

    def forget(self) -> None:
        """The broker may have lost them since."""
        self._known.clear()

    def agree(self, topic: str, found: int) -> None:
        """Raises PartitionsDifferError, and tells so once."""
        if found == self.partitions:
            self._known.add(topic)
            return
        why = f"topic `{topic}` has {found} partitions; set EVENTS_PARTITIONS to that"
        if topic not in self._told:
            self._told.add(topic)
            log.error("bus_partitions_differ", topic=topic, ours=self.partitions, why=why)
        raise PartitionsDifferError(why)
