"""A slice: an external system, emulated from its OpenAPI document."""
