"""What the slice reads from outside."""

from ..chassis import config


class SliceSettings(config.CoreSettings):
    """Nothing yet: the bus and the database have settings of their own."""
