"""The HTTP face of queries: only the read model answers here."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from ...chassis import problems
from ...chassis.auth import Caller, requires
from ...chassis.versions import etag
from . import queries
from .model import ReadModel
from .schemas import CatalogueItem, CataloguePage
from .tokens import AfterToken

Reader = Annotated[Caller, requires("catalogue:read")]
Price = Annotated[int | None, Query(ge=0, le=100_000_00, description="In cents.")]

router = APIRouter(
    prefix="/catalogue",
    tags=["queries"],
    responses=problems.documented(401, 403),
    dependencies=[AfterToken],
)


async def _model(request: Request) -> ReadModel:
    model: ReadModel = request.app.state.catalogue.model
    return model


Model = Annotated[ReadModel, Depends(_model)]


async def _filters(
    q: Annotated[
        str | None, Query(max_length=100, description="Words that all occur in it.")
    ] = None,
    category: Annotated[str | None, Query(max_length=60)] = None,
    price_from: Price = None,
    price_to: Price = None,
) -> queries.Filters:
    return queries.Filters(text=q, category=category, price_from=price_from, price_to=price_to)


@router.get("", response_model=CataloguePage)
async def search(
    model: Model,
    _: Reader,
    filters: Annotated[queries.Filters, Depends(_filters)],
    sort: queries.Sort = queries.Sort.NEWEST,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=300)] = None,
) -> dict[str, Any]:
    """What is published, a page at a time; with the first one, how many each category has."""
    items, following = await queries.search(
        model, filters=filters, sort=sort, limit=limit, cursor=cursor
    )
    counts = None if cursor else await queries.categories(model, filters=filters)
    return {"items": items, "categories": counts, "next": following}


@router.get("/{product_id}", response_model=CatalogueItem, responses=problems.documented(404))
async def read(product_id: UUID, model: Model, _: Reader, response: Response) -> dict[str, Any]:
    """A published product."""
    product = await queries.read_product(model, product_id=product_id)
    response.headers["etag"] = etag(product["version"])
    return product
