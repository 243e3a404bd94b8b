"""The simulator's own routes: what it has seen, what it remembers, what it does wrong."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, status
from pydantic import BaseModel, ConfigDict, Field

from ..chassis import problems
from ..chassis.auth import requires
from ..chassis.errors import NotFoundError, RejectedError
from . import engine as engines
from .faults import FaultRule
from .parts import Parts

ADMIN = "simulator:admin"

router = APIRouter(
    prefix="/_simulator",
    tags=["simulator"],
    dependencies=[requires(ADMIN)],
    responses=problems.documented(401, 403),
)


def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.provider
    return parts


Given = Annotated[Parts, Depends(_parts)]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Switch(_Input):
    active: bool


class Emission(_Input):
    url: str | None = None
    body: dict[str, Any] = Field(default_factory=dict)


class UnknownScenarioError(NotFoundError):
    pass


class NoAddressError(RejectedError):
    pass


@router.get("/calls")
async def calls(
    parts: Given,
    operation: str | None = None,
    method: str | None = None,
    path: str | None = None,
    status: int | None = None,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> dict[str, Any]:
    """The calls that fit, oldest first; `after` takes the `number` of the last one seen."""
    filters = {"operation": operation, "method": method, "path": path, "status": status}
    return {"items": parts.store.calls(filters, after=after, limit=limit)}


@router.delete("/calls", status_code=status.HTTP_204_NO_CONTENT)
async def forget_calls(parts: Given) -> None:
    parts.store.forget_calls()


@router.get("/state")
async def state(parts: Given) -> dict[str, Any]:
    """The resources of every collection."""
    return parts.store.everything()


@router.delete("/state", status_code=status.HTTP_204_NO_CONTENT)
async def reset(parts: Given) -> None:
    """Back to the beginning: no resources, no faults, scenarios as their file says."""
    parts.store.clear()


@router.get("/faults")
async def faults(parts: Given) -> list[FaultRule]:
    return parts.switches.rules()


@router.put("/faults")
async def set_faults(parts: Given, rules: list[FaultRule]) -> list[FaultRule]:
    """Replace all rules; an empty list ends the trouble."""
    parts.switches.set_rules(rules)
    return parts.switches.rules()


@router.get("/scenarios")
async def scenarios(parts: Given) -> dict[str, dict[str, Any]]:
    return {
        name: {
            "active": parts.switches.is_active(name, scenario),
            "steps_taken": parts.switches.steps_taken(name),
        }
        for name, scenario in parts.scenarios.scenarios.items()
    }


@router.put("/scenarios/{name}", status_code=status.HTTP_204_NO_CONTENT)
async def switch(parts: Given, name: str, wanted: Switch) -> None:
    """Switch a scenario; it begins from its first answer again."""
    if name not in parts.scenarios.scenarios:
        raise UnknownScenarioError("the file of scenarios has no such name")
    parts.switches.activate(name, active=wanted.active)


@router.get("/webhooks")
async def webhooks(parts: Given) -> dict[str, Any]:
    """The last deliveries, each with its attempts."""
    return {"items": parts.sender.deliveries()}


@router.post("/webhooks/{event}", status_code=status.HTTP_202_ACCEPTED)
async def emit(parts: Given, event: str, wanted: Emission) -> dict[str, str]:
    """Send a webhook of the document now."""
    if not parts.events.emit(event, None, url=wanted.url, body=wanted.body):
        raise NoAddressError("no `url` was given, and no address for webhooks is set")
    return {"event": event}


@router.get("/gaps")
async def gaps(parts: Given) -> dict[str, Any]:
    """What the document has that is not emulated."""
    found = engines.gaps(parts.engine)
    return {"items": [{"place": gap.place, "what": gap.what} for gap in found]}
