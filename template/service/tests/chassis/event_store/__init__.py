# Sealed: an update replaces this file.
"""Tests of the event store."""
