from ...database import Database
from .port import Bus, BusSettings


def connect(settings: BusSettings, database: Database) -> Bus:
    from .embedded import EmbeddedBus

    return EmbeddedBus(settings)
