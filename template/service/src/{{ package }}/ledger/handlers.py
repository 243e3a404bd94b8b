"""What the ledger does about events of others, which may come late, twice, or out of order."""

from ..chassis.events import Handlers, Incoming, UnitOfWork
from . import use_cases
from .events import OrderCancelled, StockReleased, StockReserved
from .use_cases import Bill, Books


def listening(books: Books) -> Handlers:
    handlers = Handlers()

    @handlers.on(StockReserved)
    async def pay(event: StockReserved, unit: UnitOfWork, _: Incoming) -> None:
        bill = Bill(
            order_id=event.order_id,
            customer=event.customer,
            currency=event.currency,
            amount=event.total,
        )
        await use_cases.take_payment_if_possible(unit, books, bill)

    @handlers.on(StockReleased)
    async def cancel_with_stock(event: StockReleased, unit: UnitOfWork, _: Incoming) -> None:
        await use_cases.cancel_payment(unit, books, order_id=event.order_id)

    @handlers.on(OrderCancelled)
    async def cancel_with_order(event: OrderCancelled, unit: UnitOfWork, _: Incoming) -> None:
        await use_cases.cancel_payment(unit, books, order_id=event.order_id)

    return handlers
