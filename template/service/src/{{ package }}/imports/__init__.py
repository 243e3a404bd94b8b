"""Imports: the sample slice, a worker. Copy its shape, then replace it."""
