"""The screens over HTTP. Who may see them and how they go out is up to the kind of client."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Header, Request, Response

from ..chassis import http, problems
from . import kind, use_cases
from .schemas import DetailOut, HomeOut, OrderOut, order_out
from .settings import SliceSettings

SCOPES = ("screens:read", "screens:write", *kind.routes.SCOPES)

Reader = kind.callers.Reader
Writer = kind.callers.Writer
Render = kind.payloads.Render
ORDER_RESPONSES = problems.documented(404, 502)
IfMatch = Annotated[str | None, Header(description="Act only on a version with this `ETag`.")]
IdempotencyKey = Annotated[
    str | None, Header(max_length=255, description="Makes it safe to send this again.")
]

router = APIRouter(
    prefix="/screens",
    tags=["screens"],
    responses={**problems.documented(401, 403), **kind.payloads.RESPONSES},
)


async def _sources(request: Request) -> use_cases.Sources:
    sources: use_cases.Sources = request.app.state.screens
    return sources


Sources = Annotated[use_cases.Sources, Depends(_sources)]


@router.get("/home", response_model=kind.payloads.shape(HomeOut))
async def home(
    _: Reader, sources: Sources, render: Annotated[Render, kind.payloads.rendering(HomeOut)]
) -> Response:
    """Your newest orders and what is known about you; `missing` names parts that are away."""
    return render(HomeOut.of(await use_cases.home(sources)))


@router.get(
    "/orders/{order_id}",
    response_model=kind.payloads.shape(DetailOut),
    responses=ORDER_RESPONSES,
)
async def detail(
    order_id: UUID,
    _: Reader,
    sources: Sources,
    render: Annotated[Render, kind.payloads.rendering(DetailOut)],
) -> Response:
    """One of your orders with its history, which may be missing."""
    return render(DetailOut.of(await use_cases.detail(sources, order_id)))


@router.post(
    "/orders/{order_id}/cancel",
    response_model=kind.payloads.shape(OrderOut),
    responses={**ORDER_RESPONSES, **problems.documented(409, 412)},
)
async def cancel(
    order_id: UUID,
    _: Writer,
    sources: Sources,
    render: Annotated[Render, kind.payloads.rendering(OrderOut)],
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Cancel an order that is still open."""
    order = await use_cases.cancel(sources, order_id, version=if_match, once=idempotency_key)
    return render(order_out(order))


def install(app: FastAPI, settings: SliceSettings) -> None:
    orders, customer = settings.orders_audience, settings.customer_audience
    app.state.screens = use_cases.Sources(
        orders=http.upstream(
            app, "orders", settings.orders_url, audience=orders, scope="orders:read orders:write"
        ),
        history=http.upstream(
            app, "history", settings.history_url, audience=orders, scope="audit:read"
        ),
        customer=http.upstream(
            app, "customer", settings.customer_url, audience=customer, scope="dossiers:read"
        ),
        patience=settings.screen_seconds,
        most_orders=settings.home_orders,
    )
    app.include_router(router)
    kind.routes.install(app, settings)
