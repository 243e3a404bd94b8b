"""The HTTP face of commands; queries have theirs in `read/`. Here both are installed."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, FastAPI, Response

from ..chassis import lifecycle, problems
from ..chassis.auth import Caller, requires
from ..chassis.database import Reads
from ..chassis.events import Events, Unit
from ..chassis.idempotency import Once
from ..chassis.versions import ExpectedVersions, etag
from . import queries, use_cases
from .domain import Product
from .read import routes as read_routes
from .read.following import Follower
from .read.model import ReadModel
from .read.side import ReadSide
from .read.tokens import HEADER, token
from .schemas import AddProduct, ChangeProduct, ProductOut, SetPrice
from .settings import SliceSettings

SCOPES = ("catalogue:read", "catalogue:write")
Writer = Annotated[Caller, requires("catalogue:write")]

router = APIRouter(prefix="/products", tags=["commands"], responses=problems.documented(401, 403))
CHANGED = problems.documented(400, 404, 409, 412, 415)


@router.post(
    "", status_code=201, response_model=ProductOut, responses=problems.documented(400, 409, 415)
)
async def add(body: AddProduct, unit: Unit, caller: Writer, once: Once) -> Response:
    """Add a product as a draft; an `Idempotency-Key` makes it safe to send this again."""

    async def act() -> Product:
        return await use_cases.add_product(unit, **body.model_dump())

    return await once(unit, act, caller=caller.subject, answer=_created)


@router.get("/{product_id}", response_model=ProductOut, responses=problems.documented(404))
async def read(product_id: UUID, reads: Reads, _: Writer, response: Response) -> dict[str, Any]:
    """A product as commands see it, whatever its status: read it before you change it."""
    product = await queries.read_product(reads, product_id=product_id)
    response.headers["etag"] = etag(product["version"])
    return product


@router.patch("/{product_id}", response_model=ProductOut, responses=CHANGED)
async def change(
    product_id: UUID, body: ChangeProduct, unit: Unit, _: Writer, expected: ExpectedVersions
) -> Response:
    """Change name, description or category."""
    product = await use_cases.change_product(
        unit, product_id=product_id, **body.model_dump(), expected=expected
    )
    return _answer(product)


@router.put("/{product_id}/price", response_model=ProductOut, responses=CHANGED)
async def reprice(
    product_id: UUID, body: SetPrice, unit: Unit, _: Writer, expected: ExpectedVersions
) -> Response:
    """Set the price; the one before it is remembered."""
    product = await use_cases.reprice_product(
        unit, product_id=product_id, price=body.price, expected=expected
    )
    return _answer(product)


@router.post(
    "/{product_id}/publish", response_model=ProductOut, responses=problems.documented(404, 409, 412)
)
async def publish(
    product_id: UUID, unit: Unit, caller: Writer, expected: ExpectedVersions, once: Once
) -> Response:
    """Show it to queries; an `Idempotency-Key` makes it safe to send this again."""

    async def act() -> Product:
        return await use_cases.publish_product(unit, product_id=product_id, expected=expected)

    return await once(unit, act, caller=caller.subject, answer=_answer)


@router.post(
    "/{product_id}/withdraw",
    response_model=ProductOut,
    responses=problems.documented(404, 409, 412),
)
async def withdraw(
    product_id: UUID, unit: Unit, caller: Writer, expected: ExpectedVersions, once: Once
) -> Response:
    """Hide it from queries; an `Idempotency-Key` makes it safe to send this again."""

    async def act() -> Product:
        return await use_cases.withdraw_product(unit, product_id=product_id, expected=expected)

    return await once(unit, act, caller=caller.subject, answer=_answer)


def install(app: FastAPI, settings: SliceSettings) -> None:
    side = app.state.catalogue = ReadSide.of(app.state.database, settings)
    lifecycle.of(app).resources.append(side.running)
    app.state.health.add("read_model", side.model.check)
    app.include_router(router)
    app.include_router(read_routes.router)
    _follow(app, side.model, settings)


def _follow(app: FastAPI, model: ReadModel, settings: SliceSettings) -> None:
    """A group of its own: it gets every event, whatever other handlers do with it."""
    events: Events = app.state.events
    if model.group is not None:
        group = f"{settings.service}-{model.group}"
        events.bus.subscribe("catalogue", group, Follower(model).handle)


def _answer(product: Product, status: int = 200) -> Response:
    body = ProductOut.model_validate(product).model_dump_json()
    headers = {"etag": etag(product.version), HEADER: token(product.id, product.version)}
    return Response(body, status, headers=headers, media_type="application/json")


def _created(product: Product) -> Response:
    answer = _answer(product, 201)
    answer.headers["location"] = f"/products/{product.id}"
    return answer
