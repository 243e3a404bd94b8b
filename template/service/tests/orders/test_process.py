"""Orders in a live process."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx2

from ..conftest import ORDER, Live


def test_an_order_is_placed_and_read(live: Live) -> None:
    bearer = {"authorization": f"Bearer {live.token()}"}

    placed = httpx2.post(f"{live.url}/orders", json=ORDER, headers=bearer)
    read = httpx2.get(live.url + placed.headers["location"], headers=bearer)

    assert (placed.status_code, read.status_code) == (201, 200)


def test_a_token_allows_what_it_was_asked_for(live: Live) -> None:
    reader = {"authorization": f"Bearer {live.token('--scope', 'orders:read')}"}

    answer = httpx2.post(f"{live.url}/orders", json=ORDER, headers=reader)

    assert answer.status_code == 403


def test_orders_are_placed_while_the_service_stops(launch: Callable[..., Live]) -> None:
    live = launch(drain_seconds="2")
    bearer = {"authorization": f"Bearer {live.token()}"}
    working, over = threading.Event(), threading.Event()
    placed: list[int] = []

    def work() -> None:
        while not over.is_set():
            answer = httpx2.post(f"{live.url}/orders", json=ORDER, headers=bearer)
            placed.append(answer.status_code)
            working.set()

    with ThreadPoolExecutor() as threads:
        running = [threads.submit(work) for _ in range(4)]
        working.wait()
        threading.Timer(1.0, over.set).start()  # before the two seconds are over
        live.stop()
        for each in running:
            each.result()

    assert set(placed) == {201}
    assert "Traceback" not in live.log.read_text()
