"""A slice: the gateway in front of other services."""
