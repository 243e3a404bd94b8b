"""What imports are asked for, and what they tell."""

from uuid import UUID

from ..chassis.events import Event


class ImportRequested(Event, topic="imports", key="import_id"):
    """`file` is a path below the folder of imports."""

    import_id: UUID
    file: str


class ImportFinished(Event, topic="imports", key="import_id"):
    import_id: UUID
    file: str
    accepted: int
    rejected: int


class ImportFailed(Event, topic="imports", key="import_id"):
    import_id: UUID
    file: str
    reason: str
