# Sealed: an update replaces this file.
"""Routes of the tests' own that store: the audit log is all that they write to."""

from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, FastAPI, Response
from pydantic import BaseModel
from sqlalchemy import select, text

from ...conftest import (
    Settings,
    audit,
    auth,
    create_app,
    errors,
    idempotency,
    problems,
    unit_of_work,
    verifier,
)
from ..sample import LINE, SAMPLE, Reader, Sample

__all__ = ["LINE", "SAMPLE", "application"]

Writer = Annotated[verifier.Caller, auth.requires("samples:write")]
PLACED = text("SELECT entity_id FROM chassis_audit WHERE action = 'sample_placed'")

router = APIRouter(prefix="/samples", responses=problems.documented(401, 403))


class Note(BaseModel):
    note: str


@router.get("")
async def index(_: Reader, unit: unit_of_work.Unit) -> list[str]:
    async with unit:
        return [str(row[0]) for row in await unit.session.execute(PLACED)]


@router.post("", status_code=201)
async def place(
    body: Sample, unit: unit_of_work.Unit, caller: Writer, once: idempotency.Once
) -> Response:
    async def act() -> UUID:
        if len({line.sku for line in body.lines}) < len(body.lines):
            raise errors.RejectedError("each article once")
        sample_id = uuid4()
        async with unit:
            record(unit, "sample_placed", sample_id, after=body.model_dump())
        return sample_id

    return await once(unit, act, caller=caller.subject, answer=_placed)


@router.patch("/{sample_id}")
async def change(sample_id: UUID, body: Note, unit: unit_of_work.Unit, _: Writer) -> None:
    async with unit:
        row = await unit.session.get_one(audit.AuditRow, await _entry(unit, sample_id))
        after = {**(row.after or {}), "note": body.note}
        record(unit, "sample_changed", sample_id, before=row.after, after=after)


@router.post("/{sample_id}/cancel")
async def cancel(
    sample_id: UUID, unit: unit_of_work.Unit, caller: Writer, once: idempotency.Once
) -> Response:
    async def act() -> UUID:
        async with unit:
            states = ({"status": "placed"}, {"status": "cancelled"})
            record(unit, "sample_cancelled", sample_id, before=states[0], after=states[1])
        return sample_id

    return await once(unit, act, caller=caller.subject, answer=lambda _: Response(b"{}"))


@router.delete("/{sample_id}")
async def delete(sample_id: UUID, unit: unit_of_work.Unit, _: Writer) -> None:
    async with unit:
        record(unit, "sample_deleted", sample_id)
        raise errors.ConflictError("a sample cannot be deleted")


def record(unit: unit_of_work.UnitOfWork, action: str, sample_id: UUID, **states: Any) -> None:
    audit.record(unit.session, action=action, entity="sample", entity_id=sample_id, **states)


async def _entry(unit: unit_of_work.UnitOfWork, sample_id: UUID) -> UUID:
    query = select(audit.AuditRow.id).where(audit.AuditRow.entity_id == str(sample_id))
    found = await unit.session.scalars(query)
    return found.one()


def _placed(sample_id: UUID) -> Response:
    headers = {"location": f"/samples/{sample_id}"}
    return Response(b'{"id":"%s"}' % str(sample_id).encode(), 201, headers=headers)


def application(settings: Settings) -> FastAPI:
    """The service, with these routes."""
    app = create_app(settings)
    app.include_router(router)
    return app
