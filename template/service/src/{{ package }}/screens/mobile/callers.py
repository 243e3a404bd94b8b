"""Apps send an access token of their user, which the calls to upstreams go by as well."""

from typing import Annotated

from ...chassis.auth import Caller, requires

Reader = Annotated[Caller, requires("screens:read")]
Writer = Annotated[Caller, requires("screens:write")]
