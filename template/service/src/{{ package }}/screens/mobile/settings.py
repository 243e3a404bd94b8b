"""What only the backend of an app reads from outside."""

from pydantic import Field

from ...chassis import config


class KindSettings(config.CoreSettings):
    app_cache_seconds: int = Field(
        0, ge=0, le=86400, description="How long an app may show a screen again without asking."
    )
