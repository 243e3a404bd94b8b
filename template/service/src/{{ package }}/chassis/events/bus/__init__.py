# Sealed: an update replaces this file.
"""The bus that carries events between services: a file or a broker, by its URL."""

from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .port import Bus, BusSettings, BusUnavailableError, Handle, Message

if TYPE_CHECKING:
    from ...database import Database

__all__ = ["ADAPTERS", "Bus", "BusSettings", "BusUnavailableError", "Handle", "Message", "connect"]

ADAPTERS = {
    "sqlite": ("embedded", "EmbeddedBus"),
    "amqp": ("rabbitmq", "RabbitBus"),
    "amqps": ("rabbitmq", "RabbitBus"),
    "kafka": ("kafka", "KafkaBus"),
    "nats": ("nats", "NatsBus"),
    "redis": ("redis", "RedisBus"),
    "rediss": ("redis", "RedisBus"),
}
"""By scheme; only the one that is needed is imported."""


def connect(settings: BusSettings, database: "Database | None" = None) -> Bus:
    """It works from `running()` on; brokers need the database, in which the leases are."""
    module, name = ADAPTERS[urlsplit(settings.bus_url.get_secret_value()).scheme]
    adapter = getattr(import_module(f".{module}", __package__), name)
    bus: Bus = adapter(settings, database)
    return bus
