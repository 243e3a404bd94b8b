"""The commands: each function is one transaction on the write model, with its event."""

from collections.abc import Callable
from uuid import UUID

import structlog
from uuid_utils.compat import uuid7

from ..chassis import audit
from ..chassis.events import UnitOfWork
from ..chassis.tables import now
from ..chassis.versions import Expected
from .domain import Product
from .events import (
    PriceChanged,
    ProductAdded,
    ProductChanged,
    ProductPublished,
    ProductWithdrawn,
    Told,
)
from .repository import Products

log = structlog.get_logger()


async def add_product(
    unit: UnitOfWork, *, sku: str, name: str, description: str, category: str, price: int
) -> Product:
    at = now()
    product = Product(
        id=uuid7(),
        sku=sku,
        name=name,
        description=description,
        category=category,
        price=price,
        added_at=at,
        changed_at=at,
    )
    async with unit:
        await Products(unit.session).add(product)
        _tell(unit, product, ProductAdded, action="product_added", before=None)
    return product


async def change_product(
    unit: UnitOfWork,
    *,
    product_id: UUID,
    name: str | None,
    description: str | None,
    category: str | None,
    expected: Expected,
) -> Product:
    def act(product: Product) -> None:
        product.change(name=name, description=description, category=category, at=now())

    return await _changed(unit, product_id, expected, act, ProductChanged, "product_changed")


async def reprice_product(
    unit: UnitOfWork, *, product_id: UUID, price: int, expected: Expected
) -> Product:
    def act(product: Product) -> bool:
        return product.reprice(price, at=now())

    return await _changed(unit, product_id, expected, act, PriceChanged, "price_changed")


async def publish_product(unit: UnitOfWork, *, product_id: UUID, expected: Expected) -> Product:
    def act(product: Product) -> None:
        product.publish(at=now())

    return await _changed(unit, product_id, expected, act, ProductPublished, "product_published")


async def withdraw_product(unit: UnitOfWork, *, product_id: UUID, expected: Expected) -> Product:
    def act(product: Product) -> None:
        product.withdraw(at=now())

    return await _changed(unit, product_id, expected, act, ProductWithdrawn, "product_withdrawn")


async def _changed(
    unit: UnitOfWork,
    product_id: UUID,
    expected: Expected,
    act: Callable[[Product], bool | None],
    told: type[Told],
    action: str,
) -> Product:
    """An act that says False has changed nothing: nothing is stored, and nothing told."""
    async with unit:
        products = Products(unit.session)
        product = await products.get(product_id)
        expected.check(product.version)
        before = product.facts()
        if act(product) is not False:
            await products.save(product)
            _tell(unit, product, told, action=action, before=before)
    return product


def _tell(
    unit: UnitOfWork,
    product: Product,
    told: type[Told],
    *,
    action: str,
    before: dict[str, object] | None,
) -> None:
    """To other services and the audit log with the transaction, to the log after it."""
    unit.emit(told.of(product))
    audit.record(
        unit.session,
        action=action,
        entity="product",
        entity_id=product.id,
        before=before,
        after=product.facts(),
    )
    unit.after_commit(lambda: log.info(action, product_id=str(product.id), sku=product.sku))
