# Sealed: an update replaces this file.
"""Carries events: embedded in a file, or by RabbitMQ, Kafka, NATS or Redis."""

from .port import Bus, BusSettings, BusUnavailableError, Handle, Message, partition
