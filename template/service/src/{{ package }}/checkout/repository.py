"""Stores checkouts: the only place that knows rows and checkouts."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from .domain import Checkout
from .tables import CheckoutRow


class Checkouts:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, checkout: Checkout) -> None:
        row = CheckoutRow(
            id=checkout.id,
            customer=checkout.customer,
            currency=checkout.currency,
            lines=[asdict(line) for line in checkout.lines],
            total=checkout.total,
            placed_at=checkout.placed_at,
        )
        self._session.add(row)

    async def confirm(self, checkout_id: UUID, *, at: datetime) -> None:
        """Done twice, the first time stays."""
        this = update(CheckoutRow).where(CheckoutRow.id == checkout_id)
        open_yet = this.where(CheckoutRow.confirmed_at.is_(None))
        await self._session.execute(open_yet.values(confirmed_at=at))
