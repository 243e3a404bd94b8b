"""The checkout as a saga: its steps in order, and what takes each of them back."""

from ..chassis.sagas import Work, approval, retriable, saga, step
from ..chassis.tables import now
from .repository import Checkouts
from .upstreams import refund, release, reserve, take_payment


def is_large(work: Work) -> bool:
    return bool(work.data["total"] > work.resources.approval_above)


async def confirm(work: Work) -> None:
    async with (unit := work.unit()):
        await Checkouts(unit.session).confirm(work.saga_id, at=now())


CHECKOUT = saga("checkout", version=1)(
    step("reserve_stock", do=reserve, undo=release),
    step("take_payment", do=take_payment, undo=refund),
    approval("approve", when=is_large),
    retriable("confirm", do=confirm),
)

# A change of the list is a new version in front; an old one goes when no saga of it is in flight.
VERSIONS = (CHECKOUT,)
