# Sealed: an update replaces this file.
"""Routes of the tests' own, so that the chassis is tested whatever the service does."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, FastAPI, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ..conftest import Settings, auth, create_app, errors, problems, verifier

LINE = {"sku": "TEA-1", "quantity": 2, "unit_price": 450}
SAMPLE: dict[str, Any] = {"currency": "EUR", "lines": [LINE]}

Reader = Annotated[verifier.Caller, auth.requires("samples:read")]
Writer = Annotated[verifier.Caller, auth.requires("samples:write")]

Note = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f]*$")]

router = APIRouter(prefix="/samples", responses=problems.documented(401, 403))


class LineIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sku: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9-]{1,32}$")]
    quantity: int = Field(ge=1, le=1000, strict=True)
    unit_price: int = Field(ge=0, le=100_000_00, strict=True)


class Sample(BaseModel):
    model_config = ConfigDict(extra="forbid")

    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    lines: list[LineIn] = Field(min_length=1, max_length=100)
    note: Note | None = None


@router.get("")
async def index(
    _: Reader,
    cursor: Annotated[str | None, Query(pattern=r"^[0-9]+$")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> list[str]:
    return [cursor][:limit] if cursor else []


@router.post("", status_code=201)
async def place(_: Writer, body: Sample) -> Sample:
    return body


@router.get("/failing")
async def fail(_: Reader) -> None:
    raise RuntimeError("internal detail")


@router.get("/{sample_id}")
async def read(_: Reader, sample_id: UUID) -> None:
    raise errors.NotFoundError(f"there is no sample {sample_id}")


def application(settings: Settings) -> FastAPI:
    """The service, with these routes."""
    app = create_app(settings)
    app.include_router(router)
    return app
