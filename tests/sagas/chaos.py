"""What befalls a shop: processes that die, events that come twice, callers who try again."""

import random
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx2

from .books import Books
from .conftest import HERE, Shop

TOPICS = ("orders", "stock", "payments")


def patiently_ordered(books: Books, customer: str, sku: str, quantity: int) -> None:
    """The orders service may be among the dead: its caller tries again."""
    deadline, key = time.monotonic() + 60, str(uuid4())
    while True:
        try:
            books.order(customer, sku, quantity, key=key)
        except httpx2.TransportError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return


@contextmanager
def killed_at_random(
    shop: Shop, names: Sequence[str], chance: random.Random
) -> Iterator[list[str]]:
    """Every second or so one of the services is killed, and started again."""
    over, killed = threading.Event(), []

    def kill() -> None:
        while not over.wait(chance.uniform(0.2, 1.5)):
            name = chance.choice(names)
            shop.kill(name)
            killed.append(name)
            shop.again(name)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


@contextmanager
def doubles(shop: Shop, seed: str) -> Iterator[Path]:
    """Some of the events come twice; where it is written which."""
    orders = shop.running["orders"]
    script = orders.service.path / "doubles.py"
    script.write_text((HERE / "doubles.txt").read_text())
    said = shop.folder / "doubles.log"
    command = [orders.service.path / ".venv/bin/python", script, *TOPICS, "0.3", seed]
    with said.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=orders.service.path, env=orders.variables(), stdout=output
        )
        try:
            yield said
        finally:
            process.terminate()
            process.wait(20)
